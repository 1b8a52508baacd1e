"""Few steps instead of many: losses by hand, and students of a teacher that is known exactly."""

from __future__ import annotations

from collections.abc import Callable

import pytest

torch = pytest.importorskip("torch")

from torch import Tensor, nn  # noqa: E402

from forensics.generators.distillation import (  # noqa: E402
    consistency_loss,
    ddim_step,
    guided,
    halving_loss,
    heun_step,
    imitation_loss,
    saying,
)
from forensics.generators.objectives import (  # noqa: E402
    Ends,
    Objective,
    Uniform,
    broadcast,
    denoising_loss,
)
from forensics.generators.sampling.base import last  # noqa: E402
from forensics.generators.sampling.diffusion import ddim  # noqa: E402
from forensics.generators.sampling.guidance import guided as guided_denoiser  # noqa: E402
from forensics.generators.sampling.ode import heun  # noqa: E402
from forensics.generators.sampling.paths import PATHS  # noqa: E402
from forensics.generators.sampling.straightness import deviation  # noqa: E402
from forensics.generators.sampling.targets import Denoiser, Estimate, Target, denoiser  # noqa: E402
from forensics.generators.sampling.times import uniform  # noqa: E402

PATH = PATHS["linear"]
CENTRES = torch.tensor([[1.5, 0.0], [-0.75, 1.3], [-0.75, -1.3]])
SPREAD = 0.15


def drawing(seed: int = 1) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def pictures(count: int, seed: int = 1) -> Tensor:
    """Points around three centres."""
    which = torch.randint(3, (count,), generator=drawing(seed))
    return CENTRES[which] + SPREAD * torch.randn(count, 2, generator=drawing(seed + 1))


def mean_of(z: Tensor, t: Tensor) -> Tensor:
    """What a perfect network says of (B, 2) noisy points: E[x | z]."""
    at = PATH.at(t[:, None])
    variance = (at.alpha * SPREAD) ** 2 + at.sigma**2
    apart = z[:, None] - at.alpha[..., None] * CENTRES
    share = torch.softmax(-apart.square().sum(2) / (2 * variance), 1)
    each = CENTRES + (at.alpha * SPREAD**2 / variance)[..., None] * apart
    return (share[..., None] * each).sum(1)


class Points(nn.Module):
    """A student of points, which predicts velocities."""

    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.layers = nn.Sequential(
            nn.Linear(4, 64), nn.SiLU(), nn.Linear(64, 64), nn.SiLU(), nn.Linear(64, 2)
        )

    def forward(self, z: Tensor, t: Tensor) -> Tensor:
        when = torch.stack([t, (1 - t).clamp(min=1e-3).log()], 1)
        found: Tensor = self.layers(torch.cat([z, when], 1))
        return found


def model_of(predict: Callable[[Tensor, Tensor], Tensor]) -> Denoiser:
    kind: Target = "velocity" if isinstance(predict, Points) else "x"
    return denoiser(lambda z, t: predict(z, torch.full((len(z),), t)), kind, PATH)


@torch.no_grad()
def drawn(predict: Callable[[Tensor, Tensor], Tensor], noise: Tensor, steps: int) -> Tensor:
    """What a model makes of noise in Heun's steps."""
    found: Tensor = last(heun(model_of(predict), noise, uniform(steps), PATH))
    return found


def apart(found: Tensor, wanted: Tensor) -> float:
    return float((found - wanted).square().mean().sqrt())


@pytest.mark.parametrize("name", ["linear", "cosine"])
def test_step_is_that_of_the_sampler(name: str) -> None:
    path, z = PATHS[name], torch.randn(3, 2, generator=drawing(), dtype=torch.float64)
    says = saying(mean_of, "x", path)
    times = [(0.2, 0.3), (0.5, 0.55), (0.9, 1.0)]
    t, after = torch.tensor(times, dtype=torch.float64).unbind(1)
    found = heun_step(says, z, t, after, path)
    for row, (first, second) in enumerate(times):
        denoise = denoiser(lambda z, t: mean_of(z, torch.full((len(z),), t, dtype=z.dtype)), "x", path)
        expected = last(heun(denoise, z[[row]], [first, second], path))
        torch.testing.assert_close(found[[row]], expected)


@pytest.mark.parametrize("taught", [True, False])
def test_loss_is_its_formula_and_what_is_aimed_at_has_no_gradient(taught: bool) -> None:
    x, steps = pictures(64).double(), 4
    slope = nn.Parameter(torch.tensor(0.4, dtype=torch.float64))

    def student(z: Tensor, t: Tensor) -> Estimate:
        return Estimate(slope * z * (1 + t[:, None]), z)

    teacher = saying(mean_of, "x", PATH) if taught else None
    loss = consistency_loss(student, teacher, x, PATH, steps, drawing(3))
    loss.backward()
    generator = drawing(3)
    number = torch.randint(steps, (64,), generator=generator)
    noise = torch.randn(x.shape, generator=generator, dtype=x.dtype)
    t, after = number[:, None] / steps, (number[:, None] + 1) / steps
    z, straight = t * x + (1 - t) * noise, after * x + (1 - after) * noise
    ahead = heun_step(teacher, z, t[:, 0], after[:, 0], PATH) if teacher else straight
    wanted = torch.where(number[:, None] == steps - 1, ahead, 0.4 * ahead * (1 + after))
    mine = slope.detach().clone().requires_grad_()
    expected = (mine * z * (1 + t) - wanted).square().mean()
    expected.backward()
    torch.testing.assert_close(loss, expected, rtol=1e-4, atol=1e-6)
    torch.testing.assert_close(slope.grad, mine.grad, rtol=1e-4, atol=1e-6)


def trained(student: Points, loss: Callable[[int], Tensor], steps: int = 400) -> None:
    optimizer = torch.optim.Adam(student.parameters(), lr=4e-3)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, steps)
    for step in range(steps):
        optimizer.zero_grad()
        loss(step).backward()
        nn.utils.clip_grad_norm_(student.parameters(), 1.0)
        optimizer.step()
        schedule.step()


def test_a_distilled_model_does_in_one_step_what_its_teacher_does_in_many() -> None:
    student, x = Points(), pictures(4000)
    says, teacher = saying(student, "velocity", PATH), saying(mean_of, "x", PATH)

    def loss(step: int) -> Tensor:
        rows = torch.randint(len(x), (128,), generator=drawing(step))
        return consistency_loss(says, teacher, x[rows], PATH, 12, drawing(10_000 + step))

    trained(student, loss)
    noise = torch.randn(500, 2, generator=drawing(9))
    wanted = drawn(mean_of, noise, 64)
    own, found = apart(drawn(mean_of, noise, 1), wanted), apart(drawn(student, noise, 1), wanted)
    assert found < 0.5 * own


def test_reflow_makes_ways_straight() -> None:
    noise = torch.randn(4000, 2, generator=drawing(2))
    x, student = drawn(mean_of, noise, 32), Points()
    objective = Objective(PATH, "velocity", Ends())

    def loss(step: int) -> Tensor:
        rows = torch.randint(len(x), (128,), generator=drawing(step))
        keep = noise[rows]
        return denoising_loss(student, x[rows], objective, drawing(10_000 + step), pairing=lambda *_: keep)

    trained(student, loss)
    fresh = torch.randn(500, 2, generator=drawing(9))
    with torch.no_grad():
        before, after = (deviation(model_of(p), fresh, uniform(32), PATH) for p in (mean_of, student))
    assert after < 0.3 * before
    wanted = drawn(mean_of, fresh, 64)
    assert apart(drawn(student, fresh, 1), wanted) < 0.5 * apart(drawn(mean_of, fresh, 1), wanted)


def test_points_are_denoised_perfectly() -> None:
    """The mean of what a point may have been, by counting."""
    x = pictures(400_000)
    z = 0.5 * x + 0.5 * torch.randn(x.shape, generator=drawing(5))
    near = (z - torch.tensor([0.3, 0.2])).norm(dim=1) < 0.05
    found = mean_of(torch.tensor([[0.3, 0.2]]), torch.tensor([0.5]))
    torch.testing.assert_close(found[0], x[near].mean(0), atol=0.05, rtol=0)


VARIANCE = 0.36


def of_gaussian(name: str) -> Callable[[Tensor, Tensor], Estimate]:
    """What a perfect model says of pictures of independent Gaussian pixels around zero."""
    path = PATHS[name]

    def says(z: Tensor, t: Tensor) -> Estimate:
        at = path.at(broadcast(t, z))
        rest = z / (at.alpha**2 * VARIANCE + at.sigma**2)
        return Estimate(at.alpha * VARIANCE * rest, at.sigma * rest)

    return says


@pytest.mark.parametrize("name", ["linear", "cosine", "ve"])
def test_step_of_ddim_is_that_of_the_sampler(name: str) -> None:
    path, says = PATHS[name], of_gaussian(name)
    z = torch.randn(4, 2, generator=drawing(), dtype=torch.float64)
    times = [(0.0, 0.25), (0.2, 0.3), (0.5, 0.55), (0.9, 1.0)]
    found = ddim_step(says, z, *torch.tensor(times, dtype=torch.float64).unbind(1), path)
    for row, (t, after) in enumerate(times):
        denoise: Denoiser = lambda z, t: says(z, torch.full((len(z),), t, dtype=z.dtype))  # noqa: E731
        torch.testing.assert_close(found[[row]], last(ddim(denoise, z[[row]], [t, after], path)))


@pytest.mark.parametrize("name", ["linear", "cosine", "ve"])
def test_the_student_that_takes_two_steps_in_one_has_no_loss(name: str) -> None:
    """Steps of DDIM on Gaussian pictures are factors of z; the student's picture follows from two of them."""
    path, says, steps = PATHS[name], of_gaussian(name), 4

    def factor(t: Tensor, after: Tensor) -> Tensor:
        here, there = path.at(t), path.at(after)
        power = here.alpha**2 * VARIANCE + here.sigma**2
        return (there.alpha * here.alpha * VARIANCE + there.sigma * here.sigma) / power

    def student(z: Tensor, t: Tensor) -> Estimate:
        half, after = t + 0.5 / steps, t + 1 / steps
        here, there = path.at(t), path.at(after)
        share = there.sigma / here.sigma
        x = (factor(t, half) * factor(half, after) - share) / (there.alpha - share * here.alpha)
        return Estimate(x[:, None] * z, z)

    x = VARIANCE**0.5 * torch.randn(64, 3, generator=drawing(), dtype=torch.float64)
    assert halving_loss(student, says, x, path, steps, drawing(2)).item() < 1e-10
    wrong = halving_loss(lambda z, t: Estimate(student(z, t).x + 0.1, z), says, x, path, steps, drawing(2))
    number = torch.randint(steps, (64,), generator=drawing(2))
    ratio = path.at(number.double() / steps).snr.clip(min=1.0)
    assert wrong.item() == pytest.approx(0.01 * ratio.mean().item(), rel=1e-4)


def test_a_halved_student_is_nearer_to_twice_as_many_steps_than_its_teacher() -> None:
    student, x, steps = Points(), pictures(4000), 1
    says, teacher = saying(student, "velocity", PATH), saying(mean_of, "x", PATH)

    def loss(step: int) -> Tensor:
        rows = torch.randint(len(x), (128,), generator=drawing(step))
        return halving_loss(says, teacher, x[rows], PATH, steps, drawing(10_000 + step))

    trained(student, loss)
    noise = torch.randn(500, 2, generator=drawing(9))

    def by_ddim(predict: Callable[[Tensor, Tensor], Tensor], steps: int) -> Tensor:
        with torch.no_grad():
            return last(ddim(model_of(predict), noise, uniform(steps), PATH))

    wanted = by_ddim(mean_of, 2 * steps)
    assert apart(by_ddim(student, steps), wanted) < 0.3 * apart(by_ddim(mean_of, steps), wanted)


@pytest.mark.parametrize("kind", ["x", "velocity"])
def test_guidance_of_networks_is_that_of_pictures(kind: Target) -> None:
    """Whatever is predicted, at any time: by the denoisers that are drawn with."""
    z = torch.randn(5, 2, generator=drawing())
    told, untold = (lambda z, t: z * t[:, None] + 1.0), (lambda z, t: torch.sin(z) - t[:, None])
    found = denoiser(lambda z, t: guided(told, untold, 2.5)(z, torch.full((len(z),), t)), kind, PATH)
    plain = [
        denoiser(lambda z, t, p=p: p(z, torch.full((len(z),), t)), kind, PATH)  # type: ignore[misc]
        for p in (told, untold)
    ]
    for t in (0.2, 0.7):
        torch.testing.assert_close(found(z, t).x, guided_denoiser(plain[0], plain[1], 2.5)(z, t).x)


def test_imitation_is_in_the_terms_of_the_objective() -> None:
    x = pictures(64).double()
    objective = Objective(PATH, "velocity", Uniform(), "x")
    same = imitation_loss(mean_of, mean_of, x, objective, drawing(2))
    assert same.item() == 0
    found = imitation_loss(lambda z, t: mean_of(z, t) + 0.5, mean_of, x, objective, drawing(2))
    t = Uniform().draw(64, drawing(2)).double()
    assert found.item() == pytest.approx(0.25 * ((1 - t) ** 2).mean().item(), rel=1e-5)
