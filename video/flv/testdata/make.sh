#!/usr/bin/env bash
# Usage: make.sh
#
# Makes the recordings beside it with ffmpeg (those in the tree: 5.1, x264
# core 164, LAME 3.100, libaom 3.6). Each is a second or less of 160x90 pixels.
set -euo pipefail
cd "$(dirname "$0")"

ffmpeg() { command ffmpeg -nostdin -v error -y "$@"; }
picture=(-f lavfi -i testsrc2=size=160x90:rate=25:duration=0.8)
sound=(-f lavfi -i sine=sample_rate=44100:duration=0.8)
exact=(-fflags +bitexact -flags:v +bitexact -flags:a +bitexact)
x264=(-c:v libx264 -threads 1 -pix_fmt yuv420p -crf 45 -g 10 -bsf:v filter_units=remove_types=6)

# B-frames, AAC.
ffmpeg "${picture[@]}" "${sound[@]}" "${x264[@]}" -bf 3 -c:a aac -b:a 32k "${exact[@]}" bframes-aac.flv
# No B-frames, MP3.
ffmpeg "${picture[@]}" "${sound[@]}" "${x264[@]}" -bf 0 -c:a libmp3lame -b:a 32k "${exact[@]}" plain-mp3.flv
# Temporal units with their delimiters.
ffmpeg "${picture[@]}" -frames:v 5 -c:v libaom-av1 -cpu-used 8 -crf 60 -g 4 "${exact[@]}" av1.ivf
