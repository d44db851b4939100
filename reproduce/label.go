package reproduce

import (
	"fmt"
	"math"
	"strconv"
	"strings"
)

// tickLabel is a number as short as it can be said, in four digits: 0.01, 50, 1e5, 2e6.
func tickLabel(v float64) string {
	if rounded, err := strconv.ParseFloat(strconv.FormatFloat(v, 'g', 4, 64), 64); err == nil {
		v = rounded
	}
	if a := math.Abs(v); a >= 1e4 || a < 1e-3 && a > 0 {
		mantissa, exponent, _ := strings.Cut(strconv.FormatFloat(v, 'e', -1, 64), "e")
		e, _ := strconv.Atoi(exponent)
		return fmt.Sprintf("%se%d", mantissa, e)
	}
	return strconv.FormatFloat(v, 'g', 4, 64)
}
