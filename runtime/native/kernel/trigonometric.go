package kernel

import "math"

func init() {
	register(
		through("Tan", math.Tan),
		through("Asin", math.Asin),
		through("Acos", math.Acos),
		through("Atan", math.Atan),
		through("Sinh", math.Sinh),
		through("Cosh", math.Cosh),
		through("Asinh", math.Asinh),
		through("Acosh", math.Acosh),
		through("Atanh", math.Atanh),
	)
}
