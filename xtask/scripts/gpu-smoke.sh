#!/bin/sh
# Does a GPU compute what the CPU computes?
#
# usage: xtask/scripts/gpu-smoke.sh [--help]
#
# Needs an NVIDIA GPU, a lossnet (LOSSNET names its binary; else the one of an unpacked archive, or of this project) and
# a libtorch with CUDA that the binary finds (LIBTORCH or LD_LIBRARY_PATH). Needs no Rust, no network and no data.
#
# Steps: 1. doctor sees the GPU · 2. features of a picture at every layer of four networks are the same on both
# devices within the stated tolerance · 3. a sweep over photographs gives the same scores · 4. how fast each device is.
set -eu

case "${1:-}" in
    --help | -h)
        sed -n '2,11s/^# \{0,1\}//p' "$0"
        exit 0
        ;;
esac

# The folder of a package, or of the checkout.
here=$(cd "$(dirname "$0")/.." && pwd)
[ -d "$here/configs" ] || here=$(dirname "$here")
if [ -z "${LOSSNET:-}" ]; then
    for candidate in "$here/bin/lossnet" "$here/target/release/lossnet"; do
        [ -x "$candidate" ] && LOSSNET=$candidate && break
    done
fi
[ -x "${LOSSNET:-}" ] || { echo "gpu-smoke: no lossnet found; set LOSSNET to its binary" >&2; exit 2; }
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"

echo "== 1. doctor"
"$LOSSNET" doctor | tee doctor.txt
grep -q "a convolution differs from the CPU's" doctor.txt || { echo "gpu-smoke: doctor sees no working GPU" >&2; exit 1; }

echo "== 2. distances on both devices"
# A picture in plain PPM: a ramp and a checkerboard, 96 × 96.
awk 'BEGIN {
    print "P3 96 96 255"
    for (y = 0; y < 96; y++) for (x = 0; x < 96; x++)
        print int(x * 255 / 95), int(y * 255 / 95), ((int(x / 8) + int(y / 8)) % 2) * 255
}' > a.ppm
awk 'BEGIN {
    print "P3 96 96 255"
    for (y = 0; y < 96; y++) for (x = 0; x < 96; x++)
        print int(x * 255 / 95), int(y * 230 / 95), ((int(x / 8) + int(y / 12)) % 2) * 255
}' > b.ppm
failed=0
for backbone in alexnet vgg16 squeezenet1_1 resnet18; do
    for device in cpu cuda; do
        "$LOSSNET" compare a.ppm b.ppm --backbone "$backbone" --layers all --comparison spatial+sort \
            --weights random:0 --device "$device" --json > "$device.json"
    done
    cpu=$(sed -n 's/^  "distance": \([0-9.e+-]*\),\{0,1\}$/\1/p' cpu.json | head -1)
    gpu=$(sed -n 's/^  "distance": \([0-9.e+-]*\),\{0,1\}$/\1/p' cuda.json | head -1)
    awk -v name="$backbone" -v cpu="$cpu" -v gpu="$gpu" 'BEGIN {
        difference = (gpu - cpu) / cpu; if (difference < 0) difference = -difference
        ok = (cpu > 0 && difference <= 1e-4)
        printf "%-15s cpu %.8f  cuda %.8f  relative difference %.1e  %s\n", name, cpu, gpu, difference, ok ? "ok" : "TOO LARGE"
        exit !ok
    }' || failed=1
done

echo "== 3. the quickstart on both devices"
for device in cpu cuda; do
    start=$(date +%s.%N)
    "$LOSSNET" -q run "$here/configs/quickstart.toml" -s run.device="$device" --logs "logs-$device"
    end=$(date +%s.%N)
    "$LOSSNET" results --logs "logs-$device" --where metric=2afc_score --sort backbone --csv "$device.csv"
    awk -v device="$device" -v start="$start" -v end="$end" 'BEGIN { printf "%-5s %.1f s\n", device, end - start }'
done
"$LOSSNET" results --logs logs-cuda --where metric=2afc_score --where split=val/mean

[ "$failed" = 0 ] || { echo "gpu-smoke: the devices disagree" >&2; exit 1; }
echo "gpu-smoke: the GPU computes what the CPU computes"
