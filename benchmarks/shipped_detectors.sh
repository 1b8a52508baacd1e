#!/usr/bin/env bash
# Trains and calibrates the picture detectors that ship, from nothing: some hours on two cores.
#
#     benchmarks/shipped_detectors.sh WORK
#
# It writes forensics/models and forensics/fusion of this checkout: run it where the suite is installed with `pip install
# -e`. WORK is a folder to keep; given again, an interrupted run goes on. Photos come from FORENSICS_DATA. Kodak pictures
# and camera files of the other halves, and makers 035 and 036, are for benchmarks/detectors.py alone.
set -euo pipefail
work=${1:?give a folder to work in}
photos=${FORENSICS_DATA:-../shared/data}/photos
pack=$photos/pack128_permissive.tar
licence="CC0 and MIT; Kodak pictures unrestricted; metadata-extractor's camera files"

mkdir -p "$work/cameras/kodak" "$work/cameras/native"
for name in 1 13 15 20; do ln -sf "$(realpath "$photos/kodak/$name.png")" "$work/cameras/kodak/"; done
for name in Apple_iPhone_5 Canon_EOS_450D Canon_Powershot_S90; do
    ln -sf "$(realpath "$photos/native/$name.jpg")" "$work/cameras/native/"
done

for numbers in "5 5" "15 3" "25 3" "35 2"; do
    read -r first count <<<"$numbers"
    forensics train makers "$work/zoo" --first "$first" --count "$count" --data "$pack" --licence "CC0 and MIT" --device cpu
done
zoo() { for number in "$@"; do printf ',codec:%s/zoo/%s' "$work" "$number"; done; }
operators=transposed4,nearest2,bilinear2,shuffle2,nearest4,latent8,lapped8
learned=autoencoder,autoencoder_noised,$operators$(zoo 005 006 007 008 009 015 016 017)
build() { forensics datasets build "$work/$1" --codec png --no-match "${@:2}"; }
build small64 --photos "$pack" --makers "$learned" --count 5000 --per-photo 2 --size 64
build small128 --photos "$pack" --makers "$learned" --count 3000 --per-photo 2 --size 128
build cameras192 --photos "$work/cameras/kodak" --photos "$work/cameras/native" --makers "$learned" \
    --count 112 --per-photo 8 --size 192 --splits 70,30,0
build native256 --photos "$work/cameras/native" --makers "$learned" --count 48 --per-photo 10 --size 256 \
    --own-grid --splits 70,30,0

build sensor128 --photos "$pack" --makers "$learned" --count 2400 --per-photo 2 --size 128 --sensor

train() { # FOLDER METHOD OPTIONS
    forensics train detector "$work/$1" --method "$2" --data "$work/small64" --data "$work/small128" \
        --data "$work/cameras192" --data "$work/native256" --licence "$licence" --device cpu "${@:3}"
}
cameras=(--data "$work/native256" --data "$work/sensor128") # the first once more: it counts twice
train residual_first residual --steps 4000
train residual residual "${cameras[@]}" --steps 1500 --onnx-only --begin "$work/residual_first"
train spectral spectral "${cameras[@]}" --pairs 12000 --strength 0.25
train dct dct "${cameras[@]}" --pairs 12000 --strength 0.25
train cooccurrence cooccurrence "${cameras[@]}" --steps 1500 --strength 0.25 --onnx-only
train reconstruction reconstruction "${cameras[@]}" --pairs 6000 --strength 0.25
train dire_step dire_step "${cameras[@]}" --steps 400 --strength 0.25 --onnx-only

# Fingerprints of the generators that ship, on tiles as large as the pictures that the GAN draws.
datasets() { forensics datasets build "$work/$1" --photos "$pack" --codec png --no-match "${@:2}"; }
datasets prints64 --makers autoencoder,flow --count 800 --per-photo 2 --size 64
datasets prints32 --makers gan --count 1600 --size 32
forensics train detector "$work/fingerprint" --method fingerprint --side 32 --data "$work/prints64" \
    --data "$work/prints32" --licence "$licence" --device cpu

# Weights of scores: photos and makers that none of them was trained on.
others=cells8,transposed3,shuffle4$(zoo 025 026 027)
weigh() { forensics datasets build "$work/$1" --photos "$pack" --makers "$others" --count 2500 --size 128 \
    --no-match --only val "${@:2}"; }
enlarged=(--degrade resize:1.25 --degrade resize:1.6)
delivered=(--degrade resize:0.75 "${enlarged[@]}" --degrade blur:1 --degrade noise:3 --degrade screenshot)
weigh weigh_png --codec png
weigh weigh_delivered --codec png --degrade resize:0.75 --degrade blur:1 --degrade noise:3 --degrade screenshot
weigh weigh_enlarged --codec png "${enlarged[@]}"
weigh weigh_enlarged_jpeg85 --codec jpeg:85 "${enlarged[@]}"
weigh weigh_delivered_jpeg85 --codec jpeg:85 --degrade resize:0.75 --degrade blur:1 --degrade screenshot
for codec in jpeg:95 jpeg:70 webp:80; do weigh "weigh_delivered_${codec/:/}" --codec "$codec" "${delivered[@]}"; done
weigh weigh_jpeg95 --codec jpeg:95
weigh weigh_jpeg85 --codec jpeg:85
weigh weigh_jpeg70 --codec jpeg:70
weigh weigh_webp80 --codec webp:80
for quality in 95 85 70; do weigh "weigh_sensor_jpeg$quality" --codec "jpeg:$quality" --sensor; done
weigh weigh_sensor_png --codec png --sensor

# What ships: the files of each card, and of the networks ONNX alone, then the weights of their scores.
ship() {
    mkdir -p "$here/models/$1"
    cp "$work/$1"/{card.md,*.onnx,*.json} "$here/models/$1/"
}
here=$(dirname "$(realpath "$0")")/../forensics
fused=(residual dct spectral cooccurrence reconstruction dire_step)
for name in "${fused[@]}" fingerprint; do ship "$name"; done
made="cells8, transposed3, shuffle4, codec_025, codec_026 and codec_027"
weights() { # OUT DETECTOR...
    local out=$1 only=() sets=("$work"/weigh_*)
    shift
    for name in "$@"; do only+=(--only "$name"); done
    forensics calibrate "${sets[@]}" "${only[@]}" -o "$out" --name "decoders, 2026-11" --note \
        "257 small photos, and what $made made of them: as they are, with a sensor simulated, reduced, enlarged, blurred, with noise, as screenshots, and as JPEG and WebP."
    for name in "$@"; do forensics train calibration "$here/models/$name" "$out" --code "$name.generated"; done
}
weights "$work/weights" "${fused[@]}"
cp "$work/weights/fusion.json" "$here/fusion/learned_synthetic.json"
