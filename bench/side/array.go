package side

import (
	"encoding/binary"
	"fmt"
	"math"
	"os"
)

// WriteArray writes numbers to a file, four bytes each, least significant first.
func WriteArray(path string, x []float32) error {
	b := make([]byte, 0, 4*len(x))
	for _, v := range x {
		b = binary.LittleEndian.AppendUint32(b, math.Float32bits(v))
	}
	return os.WriteFile(path, b, 0o600)
}

// ReadArray reads what WriteArray wrote.
func ReadArray(path string) ([]float32, error) {
	b, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	x := make([]float32, len(b)/4)
	for i := range x {
		x[i] = math.Float32frombits(binary.LittleEndian.Uint32(b[4*i:]))
	}
	return x, nil
}

// difference is the largest difference of two results, relative to the largest number of the second. NaN anywhere, or
// another number of results, is an error.
func difference(x, y []float32) (float64, error) {
	if len(x) != len(y) || len(y) == 0 {
		return 0, fmt.Errorf("%d numbers where %d were expected", len(x), len(y))
	}
	worst, size := 0.0, 0.0
	for i, v := range y {
		size = max(size, math.Abs(float64(v)))
		worst = max(worst, math.Abs(float64(v)-float64(x[i])))
	}
	if math.IsNaN(worst) || size == 0 {
		return 0, fmt.Errorf("largest difference %g, largest number %g", worst, size)
	}
	return worst / size, nil
}
