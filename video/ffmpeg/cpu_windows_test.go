package ffmpeg

import "time"

func cpuTimes() (own, children time.Duration) { return 0, 0 }
