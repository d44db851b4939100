package runtime

import "math"

// normalGo fills dst with the normals of the blocks from ctr on: words 0 and 1 of a block make two, words 2 and 3 two more.
func normalGo(dst []float32, ctr [4]uint32, key [2]uint32) {
	for len(dst) > 0 {
		b := philox(ctr, key)
		var z [4]float32
		z[0], z[1] = boxMuller(b[0], b[1])
		z[2], z[3] = boxMuller(b[2], b[3])
		dst = dst[copy(dst, z[:]):]
		ctr[0]++
	}
}

// The polynomials are those of Moshier's Cephes library: log(1+f) for f from sqrt(1/2)-1 to sqrt(2)-1, and sin and cos up
// to pi/4.
var (
	logTerms = [...]float32{7.0376836292e-2, -1.1514610310e-1, 1.1676998740e-1, -1.2420140846e-1, 1.4249322787e-1,
		-1.6668057665e-1, 2.0000714765e-1, -2.4999993993e-1, 3.3333331174e-1}
	sinTerms = [...]float32{-1.9515295891e-4, 8.3321608736e-3, -1.6666654611e-1}
	cosTerms = [...]float32{2.443315711809948e-5, -1.388731625493765e-3, 4.166664568298827e-2}
)

const (
	rootHalf   = 0x3f3504f3     // the bits of sqrt(1/2)
	log2Lo     = -2.12194440e-4 // log 2 in two parts; the first is exact when multiplied by an exponent
	log2Hi     = 0.693359375
	perTurn    = 2 * math.Pi / (1 << 32)
	perWord    = 1.0 / (1 << 32)
	eighthTurn = 1 << 29
)

// boxMuller computes in float32, each operation rounded on its own, so that the assembly gives the same bits.
func boxMuller(u1, u2 uint32) (float32, float32) {
	r := float32(math.Sqrt(float64(-2 * logWord(u1))))
	sin, cos := sincosWord(u2)
	return r * cos, r * sin
}

// logWord is log((u+1) / 2^32). Above sqrt(1/2) it starts from the distance to 1, which is exact.
func logWord(u uint32) float32 {
	x := float32(float32(u>>16)*65536) + float32(float32(u&0xffff)+1)
	bits := math.Float32bits(x)
	e := int32(bits-rootHalf) >> 23
	f := math.Float32frombits(bits-uint32(e)<<23) - 1
	if e == 32 {
		f = float32(int32(^u)) * -perWord
	}
	n, z := float32(e-32), f*f
	y := float32(float32(horner(logTerms[:], f)*f) * z)
	y += float32(n * log2Lo)
	y -= float32(0.5 * z)
	return float32(f+y) + float32(n*log2Hi)
}

// sincosWord is the sine and cosine of u / 2^32 turns.
func sincosWord(u uint32) (sin, cos float32) {
	quarter := (u + eighthTurn) >> 30
	w := float32(int32(u-quarter<<30)) * perTurn
	z := w * w
	sin = float32(float32(horner(sinTerms[:], z)*z)*w) + w
	cos = float32(float32(float32(horner(cosTerms[:], z)*z)*z)-float32(0.5*z)) + 1
	if quarter&1 != 0 {
		sin, cos = cos, sin
	}
	return flip(sin, quarter<<30), flip(cos, (quarter+1)<<30)
}

// flip changes v's sign if the uppermost bit of by is set.
func flip(v float32, by uint32) float32 {
	return math.Float32frombits(math.Float32bits(v) ^ by&(1<<31))
}

func horner(terms []float32, x float32) float32 {
	y := terms[0]
	for _, t := range terms[1:] {
		y = float32(y*x) + t
	}
	return y
}
