#!/usr/bin/env bash
# Usage: clip.sh [file]
#
# Makes the clip: H.264 main profile without B-frames, 640x360 at 30 frames a
# second, a closed group of pictures each second; AAC, mono, 48 kHz. Color
# bars, a timecode, a ball that bounces; a tone, and at each full second a
# beep and a white square.
#
# It loops without a seam: 8 s are 240 pictures and exactly 375 AAC frames,
# everything that moves or sounds has a period that divides 8 s, and the
# sound is cut from the middle of a longer run, so that its first frame
# follows its last.
#
# The bytes are the same each time with the same ffmpeg and x264 (the file in
# the tree: ffmpeg 5.1, x264 core 164, DejaVu Sans Mono).
set -euo pipefail

out=${1:-$(dirname "$0")/clip.flv}
seconds=8
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

ffmpeg() { command ffmpeg -nostdin -v error -y "$@"; }
exact=(-fflags +bitexact -flags:v +bitexact -flags:a +bitexact -map_metadata -1)

picture="drawbox=x=0:y=120:w=iw:h=120:color=black:t=fill"
picture+=",drawbox=x=16:y=16:w=48:h=48:color=white:t=fill:enable='lt(mod(n,30),3)'"
picture+=",drawtext=font='DejaVu Sans Mono':text='●':fontsize=48:fontcolor=yellow:x='296+260*cos(PI*t/2)':y='270-56*abs(sin(PI*t))':fix_bounds=0"
picture+=",drawtext=font='DejaVu Sans Mono':timecode='00\:00\:00\:00':rate=30:fontsize=76:fontcolor=white:x=(w-tw)/2:y=180-th/2"

ffmpeg -f lavfi -i "smptehdbars=size=640x360:rate=30:duration=$seconds" -vf "$picture" \
	-c:v libx264 -preset veryslow -threads 1 -profile:v main -pix_fmt yuv420p -crf 30 \
	-bf 0 -g 30 -keyint_min 30 -sc_threshold 0 -flags +cgop \
	-color_range tv -colorspace bt709 -color_primaries bt709 -color_trc bt709 \
	-bsf:v filter_units=remove_types=6 "${exact[@]}" "$work/video.mp4"

tone="0.08*sin(2*PI*440*t)+if(lt(mod(t,1),0.1),0.3*sin(2*PI*1000*t),0)"
ffmpeg -f lavfi -i "aevalsrc='$tone':sample_rate=48000:duration=$((3 * seconds))" \
	-c:a aac -aac_coder fast -b:a 48k -ac 1 "${exact[@]}" "$work/long.mp4"
ffmpeg -ss "$seconds" -i "$work/long.mp4" -t "$seconds" -c copy "${exact[@]}" "$work/audio.mp4"

ffmpeg -i "$work/video.mp4" -i "$work/audio.mp4" -map 0:v -map 1:a -c copy \
	-flvflags no_duration_filesize "${exact[@]}" "$out"
