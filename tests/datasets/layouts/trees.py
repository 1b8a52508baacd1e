"""Tiny trees of published sets: empty files, for only names and lists are read."""

from __future__ import annotations

import json
from pathlib import Path

__all__ = ["TREES", "grow", "write_json"]

# Each holds a few files as the publishers of the set name them.
TREES: dict[str, tuple[str, ...]] = {
    "faceforensics": (
        "original_sequences/youtube/c23/videos/000.mp4",
        "original_sequences/youtube/c23/videos/003.mp4",
        "original_sequences/youtube/c23/videos/010.mp4",
        "original_sequences/actors/raw/videos/01__exit_phone_room.mp4",
        "manipulated_sequences/Deepfakes/c23/videos/000_003.mp4",
        "manipulated_sequences/Deepfakes/c23/videos/003_000.mp4",
        "manipulated_sequences/Deepfakes/masks/videos/000_003.mp4",
        "manipulated_sequences/Face2Face/c40/images/010_003/0000.png",
        "manipulated_sequences/DeepFakeDetection/raw/videos/01_02__exit_phone_room__YVGY8LOK.mp4",
    ),
    "dfdc": ("part_0/a.mp4", "part_0/b.mp4", "test/c.mp4"),
    "dfdc_preview": ("original_videos/1/1_A_001.mp4", "method_A/2/2_1_A_001.mp4"),
    "deeperforensics": (
        "D/manipulated_videos/end_to_end/000_M001.mp4",
        "D/manipulated_videos/end_to_end_level_5/000_M001.mp4",
        "D/source_videos/M001/light_up/happy/camera_front/M001_light_up_happy_camera_front.mp4",
    ),
    "uadfv": ("real/0000.mp4", "real/0001.mp4", "fake/0000_fake.mp4", "fake/frames/0000_fake/000.png"),
    "deepfaketimit": (
        "higher_quality/fadg0/sa1-video-fram1.avi",
        "lower_quality/fadg0/sa1-video-fram1.avi",
        "lower_quality/fadg0/sx109-video-fram1.avi",
        "lower_quality/fadg0/sa1-video-fram1.wav",
        "vidtimit/fadg0/video/sa1/001",
    ),
    "genimage": (
        "Midjourney/imagenet_midjourney/train/ai/0_midjourney_173.png",
        "Midjourney/imagenet_midjourney/train/nature/n01440764_10026.JPEG",
        "BigGAN/imagenet_ai_0419_biggan/val/ai/004_biggan_00032.png",
    ),
    "diffusionforensics": (
        "images/train/lsun_bedroom/real/0001.jpg",
        "images/train/lsun_bedroom/adm/0001.png",
        "images/test/imagenet/sdv1/0002.png",
        "dire/train/lsun_bedroom/real/0001.jpg",
    ),
    "forensynths": (
        "train/airplane/0_real/1.png",
        "train/airplane/1_fake/1.png",
        "test/stylegan/car/0_real/2.png",
        "test/stylegan/car/1_fake/2.png",
        "test/san/1_fake/3.png",
    ),
    "cyclegan": (
        "datasets/horse2zebra/trainA/n02381460_2.jpg",
        "datasets/horse2zebra/testA/n02381460_120.jpg",
        "datasets/horse2zebra/testB/n02391049_80.jpg",
        "results/horse2zebra_pretrained/test_latest/images/n02381460_120_real_A.png",
        "results/horse2zebra_pretrained/test_latest/images/n02381460_120_fake_B.png",
    ),
    "stargan": ("real/000001.jpg", "fake/Black_Hair/000001.png", "fake/000002-Male.png"),
    "casia1": (
        "Au/Au_ani_0001.jpg",
        "Modified Tp/Tp/Sp/Sp_D_CND_A_ani0001_pla0023_0281.jpg",
        "Modified Tp/Tp/CM/Sp_S_CND_A_pla0023_pla0023_0100.jpg",
        "CASIA 1.0 groundtruth/Sp/Sp_D_CND_A_ani0001_pla0023_0281_gt.png",
    ),
    "casia2": (
        "Au/Au_ani_00018.jpg",
        "Tp/Tp_D_CND_M_N_ani00018_sec00096_00138.tif",
        "Tp/Tp_S_NRN_S_O_sec00036_sec00036_00764.tif",
        "CASIA 2 Groundtruth/Tp_D_CND_M_N_ani00018_sec00096_00138_gt.png",
        "CASIA 2 Groundtruth/Tp_S_NRN_S_O_sec00036_sec00036_00764_gt.png",
    ),
    "columbia": (
        "4cam_auth/canong3_02_sub_01.tif",
        "4cam_splc/canong3_canonxt_sub_01.tif",
        "4cam_splc/nikond70_kodakdcs330_sub_26.tif",
        "4cam_splc/edgemask/canong3_canonxt_sub_01_edgemask.jpg",
    ),
    "comofod": (
        "CoMoFoD_small_v2/001_O.png",
        "CoMoFoD_small_v2/001_F.png",
        "CoMoFoD_small_v2/001_B.png",
        "CoMoFoD_small_v2/001_M.png",
        "CoMoFoD_small_v2/001_F_JC3.jpg",
        "CoMoFoD_small_v2/001_O_BC1.png",
        "CoMoFoD_small_v2/002_F.png",
    ),
    "dresden": ("natural/Nikon_D70_0_19443.JPG", "flat/Nikon_D70s_1_22500.JPG", "natural/holiday.jpg"),
    "vision": (
        "dataset/D01_Samsung_GalaxyS3Mini/images/nat/D01_I_nat_0001.jpg",
        "dataset/D01_Samsung_GalaxyS3Mini/images/natWA/D01_I_natWA_0001.jpg",
        "dataset/D01_Samsung_GalaxyS3Mini/images/natFBH/D01_I_natFBH_0002.jpg",
        "dataset/D01_Samsung_GalaxyS3Mini/videos/flat/D01_V_flat_move_0001.mp4",
    ),
    "cew": (
        "closedLeftEyes/closed_eye_0001.jpg_face_1_L.jpg",
        "closedRightEyes/closed_eye_0001.jpg_face_1_R.jpg",
        "openLeftEyes/Aaron_Guiel_0001_L.jpg",
    ),
    "mrl": ("s0001/s0001_00001_0_0_0_0_0_01.png", "s0020/s0020_00007_1_1_1_2_1_03.png", "stats.png"),
}


def grow(root: Path, name: str) -> Path:
    """Make the tree of a set below a folder, with its lists, and return the folder."""
    for file in TREES[name]:
        path = root / file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"")
    _LISTS.get(name, lambda _: None)(root)
    return root


def write_json(path: Path, value: object) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(value), encoding="utf-8")


def _faceforensics(root: Path) -> None:
    write_json(root / "splits" / "train.json", [["000", "003"]])
    write_json(root / "splits" / "test.json", [["010", "011"]])


def _dfdc(root: Path) -> None:
    fake = {"label": "FAKE", "split": "train", "original": "b.mp4"}
    absent = {"label": "FAKE", "split": "train", "original": "b.mp4"}
    real = {"label": "REAL", "split": "train", "original": None}
    write_json(root / "part_0" / "metadata.json", {"a.mp4": fake, "b.mp4": real, "z.mp4": absent})
    (root / "test" / "labels.csv").write_text("filename,label\nc.mp4,1\n", encoding="utf-8")


def _preview(root: Path) -> None:
    real = {"label": "real", "set": "train", "target_id": None, "swapped_id": None}
    fake = {"label": "fake", "set": "test", "target_id": 2, "swapped_id": 1}
    write_json(
        root / "dataset.json",
        {"original_videos/1/1_A_001.mp4": real, "method_A/2/2_1_A_001.mp4": fake, "method_B/3.mp4": fake},
    )


def _deeper(root: Path) -> None:
    lists = root / "D" / "lists"
    (lists / "splits").mkdir(parents=True)
    (lists / "splits" / "test.txt").write_text("000_M001.mp4\n", encoding="utf-8")
    (lists / "manipulated_videos_lists").mkdir()
    (lists / "manipulated_videos_lists" / "manipulated_videos_end_to_end_list.txt").write_text(
        "end_to_end/000_M001.mp4\nend_to_end/001_W101.mp4\n", encoding="utf-8"
    )


_LISTS = {
    "faceforensics": _faceforensics,
    "dfdc": _dfdc,
    "dfdc_preview": _preview,
    "deeperforensics": _deeper,
}
