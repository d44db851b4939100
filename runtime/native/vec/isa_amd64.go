//go:build amd64 && !noasm

package vec

import "golang.org/x/sys/cpu"

var (
	hasAVX2   = cpu.X86.HasAVX2 && cpu.X86.HasFMA
	hasAVX512 = hasAVX2 && cpu.X86.HasBMI2 && cpu.X86.HasAVX512F && cpu.X86.HasAVX512BW && cpu.X86.HasAVX512DQ && cpu.X86.HasAVX512VL
)

func best() assembly {
	switch {
	case hasAVX512:
		return avx512
	case hasAVX2:
		return avx2
	}
	return assembly{}
}

var avx2 = assembly{
	lanes:           8,
	exp:             expAVX2,
	log:             logAVX2,
	tanh:            tanhAVX2,
	sigmoid:         sigmoidAVX2,
	softplus:        softplusAVX2,
	erf:             erfAVX2,
	sqrt:            sqrtAVX2,
	reciprocal:      reciprocalAVX2,
	square:          squareAVX2,
	cube:            cubeAVX2,
	neg:             negAVX2,
	abs:             absAVX2,
	sign:            signAVX2,
	floor:           floorAVX2,
	ceil:            ceilAVX2,
	round:           roundAVX2,
	relu:            reluAVX2,
	softsign:        softsignAVX2,
	hardSwish:       hardSwishAVX2,
	hardSigmoid:     hardSigmoidAVX2,
	leakyRelu:       leakyReluAVX2,
	thresholdedRelu: thresholdedReluAVX2,
	clip:            clipAVX2,
	elu:             eluAVX2,
	add:             binaryAsm{addAVX2, addScalarAVX2, addScalarAVX2},
	mul:             binaryAsm{mulAVX2, mulScalarAVX2, mulScalarAVX2},
	min:             binaryAsm{minAVX2, minScalarAVX2, minScalarAVX2},
	max:             binaryAsm{maxAVX2, maxScalarAVX2, maxScalarAVX2},
	sub:             binaryAsm{subAVX2, subScalarAVX2, subScalarLeftAVX2},
	div:             binaryAsm{divAVX2, divScalarAVX2, divScalarLeftAVX2},
	prelu:           binaryAsm{preluAVX2, preluScalarAVX2, preluScalarLeftAVX2},
	addScaled:       addScaledAVX2,
	everySecond:     everySecondAVX2,
	less:            compareAsm{lessAVX2, lessScalarAVX2},
	lessEqual:       compareAsm{lessEqualAVX2, lessEqualScalarAVX2},
	equal:           compareAsm{equalAVX2, equalScalarAVX2},
	greater:         compareAsm{vs: greaterScalarAVX2},
	greaterEqual:    compareAsm{vs: greaterEqualScalarAVX2},
	widen:           widenAVX2,
	selectVV:        selectVVAVX2,
	selectVS:        selectVSAVX2,
	selectSV:        selectSVAVX2,
	selectSS:        selectSSAVX2,
}

var avx512 = assembly{
	lanes:           16,
	exp:             expAVX512,
	log:             logAVX512,
	tanh:            tanhAVX512,
	sigmoid:         sigmoidAVX512,
	softplus:        softplusAVX512,
	erf:             erfAVX512,
	sqrt:            sqrtAVX512,
	reciprocal:      reciprocalAVX512,
	square:          squareAVX512,
	cube:            cubeAVX512,
	neg:             negAVX512,
	abs:             absAVX512,
	sign:            signAVX512,
	floor:           floorAVX512,
	ceil:            ceilAVX512,
	round:           roundAVX512,
	relu:            reluAVX512,
	softsign:        softsignAVX512,
	hardSwish:       hardSwishAVX512,
	hardSigmoid:     hardSigmoidAVX512,
	leakyRelu:       leakyReluAVX512,
	thresholdedRelu: thresholdedReluAVX512,
	clip:            clipAVX512,
	elu:             eluAVX512,
	add:             binaryAsm{addAVX512, addScalarAVX512, addScalarAVX512},
	mul:             binaryAsm{mulAVX512, mulScalarAVX512, mulScalarAVX512},
	min:             binaryAsm{minAVX512, minScalarAVX512, minScalarAVX512},
	max:             binaryAsm{maxAVX512, maxScalarAVX512, maxScalarAVX512},
	sub:             binaryAsm{subAVX512, subScalarAVX512, subScalarLeftAVX512},
	div:             binaryAsm{divAVX512, divScalarAVX512, divScalarLeftAVX512},
	prelu:           binaryAsm{preluAVX512, preluScalarAVX512, preluScalarLeftAVX512},
	addScaled:       addScaledAVX512,
	everySecond:     everySecondAVX2,
	less:            compareAsm{lessAVX512, lessScalarAVX512},
	lessEqual:       compareAsm{lessEqualAVX512, lessEqualScalarAVX512},
	equal:           compareAsm{equalAVX512, equalScalarAVX512},
	greater:         compareAsm{vs: greaterScalarAVX512},
	greaterEqual:    compareAsm{vs: greaterEqualScalarAVX512},
	widen:           widenAVX512,
	selectVV:        selectVVAVX512,
	selectVS:        selectVSAVX512,
	selectSV:        selectSVAVX512,
	selectSS:        selectSSAVX512,
}
