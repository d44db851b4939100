package data

import (
	"context"
	"encoding/binary"
	"fmt"
)

// Pick gives the rows of src with the given indices, in their order. src stays the caller's to close. The name tells which
// rows by a checksum.
func Pick(src Source, rows []int) (Source, error) {
	var b []byte
	for _, r := range rows {
		if r < 0 || r >= src.Len() {
			return nil, fmt.Errorf("data: pick from %s: no row %d", src.Name(), r)
		}
		b = binary.LittleEndian.AppendUint64(b, uint64(r))
	}
	if len(rows) == 0 {
		return nil, fmt.Errorf("data: pick from %s: no rows: %w", src.Name(), ErrEmpty)
	}
	p := picked{src, rows, fmt.Sprintf("%d rows of %s, sum %s", len(rows), src.Name(), contentSum(b))}
	if e, ok := src.(EpochSource); ok {
		return epochPicked{p, e}, nil
	}
	return p, nil
}

type picked struct {
	Source
	rows []int
	name string
}

func (p picked) Len() int     { return len(p.rows) }
func (p picked) Name() string { return p.name }
func (p picked) Close() error { return nil }

func (p picked) Read(ctx context.Context, rows []int, dst []float32) error {
	return p.moved(rows, dst, func(rows []int) error { return p.Source.Read(ctx, rows, dst) })
}

// moved calls read with the rows as the whole source counts them.
func (p picked) moved(rows []int, dst []float32, read func(rows []int) error) error {
	if err := checkRead(p, rows, dst); err != nil {
		return err
	}
	of := places.Get().(*[]int)
	defer places.Put(of)
	*of = (*of)[:0]
	for _, r := range rows {
		*of = append(*of, p.rows[r])
	}
	return read(*of)
}

// epochPicked picks from a source whose rows differ from epoch to epoch.
type epochPicked struct {
	picked
	epochs EpochSource
}

func (p epochPicked) ReadEpoch(ctx context.Context, epoch uint64, rows []int, dst []float32) error {
	return p.moved(rows, dst, func(rows []int) error { return p.epochs.ReadEpoch(ctx, epoch, rows, dst) })
}
