"""What is known about the Content Credentials of a file: the records that the verifier fills."""

from __future__ import annotations

from enum import StrEnum

from pydantic import Field

from forensics.evidence import Model

__all__ = [
    "HARD_BINDING_FAILURES",
    "HARD_BINDING_MATCHES",
    "TAMPER_FAILURES",
    "Action",
    "AiSignal",
    "AiSignalKind",
    "Chain",
    "CredentialReport",
    "CredentialState",
    "Ingredient",
    "ManifestReport",
    "SignedTime",
    "Signer",
    "SourceType",
    "StatusCode",
]


_BINDINGS = ("dataHash", "bmffHash", "boxesHash", "boxHash", "collectionHash")

HARD_BINDING_MATCHES = frozenset(f"assertion.{binding}.match" for binding in _BINDINGS)
"""The content is what was hashed (C2PA 2.2, 15.12)."""

HARD_BINDING_FAILURES = frozenset(f"assertion.{binding}.mismatch" for binding in _BINDINGS)
"""The content is not what was hashed."""

TAMPER_FAILURES = frozenset(
    {
        "assertion.hashedURI.mismatch",
        "assertion.missing",
        "assertion.multipleHardBindings",
        "claim.hardBindings.missing",
        "claim.missing",
        "claimSignature.mismatch",
        "claimSignature.missing",
        "ingredient.hashedURI.mismatch",
    }
)
"""The credential itself is not what was signed."""


class CredentialState(StrEnum):
    """State of the active manifest."""

    NONE = "none"  # the file carries no credentials
    REMOTE_DECLARED = "remote_declared"  # it only names an address; nothing was fetched
    MALFORMED = "malformed"  # there is a manifest store that cannot be read
    INVALID = "invalid"  # a hash or signature failed
    VALID_UNTRUSTED = "valid_untrusted"  # intact, signed by somebody the policy does not know
    TRUSTED = "trusted"  # intact, signed by somebody the policy trusts for signing claims


class Chain(StrEnum):
    """Result of walking every ingredient of every manifest."""

    SINGLE = "single"  # the active manifest has no ingredient with credentials
    INTACT = "intact"  # every ingredient manifest verifies
    BROKEN = "broken"  # at least one does not: the chain never counts as proof


class AiSignalKind(StrEnum):
    """What the source types of the whole chain say about generative models."""

    NONE = "none"  # no manifest says anything
    CAPTURED = "captured"  # camera or scanner, and no model anywhere
    HUMAN = "human"  # made or edited by people or plain software
    PARTLY = "partly"  # parts were made by a model
    FULLY = "fully"  # the whole was made by a model
    AMBIGUOUS = "ambiguous"  # source types that may contain model output, or that disagree


class StatusCode(Model):
    """One entry of the validator's log."""

    code: str = Field(description="C2PA status code, such as 'assertion.dataHash.mismatch'.")
    manifest: str = Field(description="Label of the manifest it belongs to, '' if the file as a whole.")
    failure: bool
    explanation: str = ""


class Signer(Model):
    """Who signed a manifest, by its certificate."""

    subject: str = Field(description="Common name, or the organisation where there is none.")
    organisation: str = Field(default="", description="Organisation that the certificate names.")
    issuer: str = Field(description="Who issued the certificate; '' where that could not be found.")
    algorithm: str = Field(description="COSE algorithm, such as 'Es256'.")
    serial: str = ""


class SignedTime(Model):
    """When a manifest was signed."""

    value: str = Field(description="ISO 8601.")
    trusted: bool = Field(description="Whether a time-stamping authority of the policy vouches for it.")


class SourceType(Model):
    """A digitalSourceType found anywhere in the chain."""

    value: str = Field(description="The full URI.")
    manifest: str
    where: str = Field(description="Action or assertion that carries it.")
    trusted: bool = Field(description="Whether that manifest verifies and its signer is trusted.")


class AiSignal(Model):
    """What the chain says about generative models."""

    kind: AiSignalKind = AiSignalKind.NONE
    trusted: bool = Field(default=False, description="Whether a trusted manifest of the chain says it.")
    sources: tuple[SourceType, ...] = ()


class Action(Model):
    """One recorded action."""

    name: str = Field(description="Such as 'c2pa.created'.")
    software: str = ""
    when: str = ""
    source_type: str = ""
    created: bool = Field(description="Whether the signer vouches for it (created, not gathered).")


class Ingredient(Model):
    """Something a manifest was made from."""

    title: str
    relationship: str = Field(description="parentOf, componentOf or inputTo.")
    manifest: str = Field(default="", description="Label of its own manifest, '' if it has none.")
    failed: tuple[str, ...] = Field(default=(), description="Failure codes, an untrusted signer aside.")


class ManifestReport(Model):
    """One manifest of the store."""

    label: str
    active: bool
    title: str = ""
    format: str = ""
    generator: str = Field(default="", description="Software that made the claim.")
    signer: Signer | None = None
    signed_time: SignedTime | None = None
    trusted: bool = False
    intact: bool = True
    actions: tuple[Action, ...] = ()
    ingredients: tuple[Ingredient, ...] = ()
    assertions: tuple[str, ...] = ()
    soft_bindings: tuple[str, ...] = Field(default=(), description="'algorithm:value' of each soft binding.")


class CredentialReport(Model):
    """Everything about the credentials of one file."""

    state: CredentialState
    chain: Chain = Chain.SINGLE
    trust_list: str = Field(default="", description="List of the policy that matched.")
    embedded: bool = False
    remote_url: str = Field(default="", description="Address that the file names; never fetched unasked.")
    sidecar: str = Field(
        default="",
        description="Name of the manifest store beside the file that was looked at. With the state none or "
        "remote_declared it does not fit the file, and the rest of the report is not about it.",
    )
    codes: tuple[StatusCode, ...] = ()
    signer: Signer | None = None
    signed_time: SignedTime | None = None
    ai_signal: AiSignal = AiSignal()
    manifests: tuple[ManifestReport, ...] = ()
    message: str = Field(default="", description="One sentence for a person.")

    @property
    def failures(self) -> tuple[str, ...]:
        """Failure codes without repetition, in order; an untrusted signer alone is not among them."""
        codes = (c.code for c in self.codes if c.failure and c.code != "signingCredential.untrusted")
        return tuple(dict.fromkeys(codes))

    @property
    def own_failures(self) -> tuple[str, ...]:
        """Those of `failures` that speak of the active manifest, not of what it was made from."""
        active = self.manifests[0].label if self.manifests else ""
        own = (c.code for c in self.codes if c.failure and c.manifest in ("", active))
        return tuple(code for code in dict.fromkeys(own) if code in self.failures)

    @property
    def content_changed(self) -> bool:
        """Whether the hard binding failed while claim, assertions and signature are good."""
        failures = set(self.own_failures)
        failed = bool(failures & HARD_BINDING_FAILURES) and not failures & TAMPER_FAILURES
        return self.state is CredentialState.INVALID and failed

    @property
    def proof(self) -> bool:
        """Whether the credentials may count as proof: trusted, and no broken link in the chain."""
        return self.state is CredentialState.TRUSTED and self.chain is not Chain.BROKEN
