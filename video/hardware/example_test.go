package hardware_test

import (
	"context"
	"fmt"

	"github.com/owncast-go/owncast/video/hardware"
)

// Fractions from 0 to 1, of the machine and of the disk that a directory is
// on.
func ExampleMonitor() {
	cpu, memory, disk, err := hardware.New().Usage(context.Background(), ".")
	if err != nil {
		fmt.Println(err) // what cannot be measured on this system
		return
	}
	fmt.Println(cpu >= 0, memory > 0, disk > 0)
}
