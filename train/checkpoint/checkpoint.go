// Package checkpoint keeps the state of a training on disk so that no instant of a crash loses it.
//
// A checkpoint is a folder, step-0000000123, of safetensors files and a manifest, checkpoint.json, with their checksums.
// It is written under another name, synced, renamed and its parent synced: a folder of that name is whole, or the disk
// has damaged it since, which the checksums tell.
package checkpoint

import (
	"errors"

	"github.com/elbo-ml/elbo/train/safetensors"
)

// Sentinel errors for what callers branch on.
var (
	// ErrDamaged: a checkpoint does not verify.
	ErrDamaged = errors.New("damaged checkpoint")
	// ErrLocked: another training uses the folder.
	ErrLocked = errors.New("in use by another training")
)

// Checkpoint is the state of a training after Step updates.
type Checkpoint struct {
	Step, Epoch int
	// Engine is the engine that made the step, for the record.
	Engine string
	// Recipe is all that decides what the training computes, by name: a run that resumes must have the same.
	Recipe map[string]string
	// Sums are of what the epoch in progress has measured, so that the report of a resumed run is that of a whole one.
	Sums map[string]float64
	// Parts are the safetensors files by name, without their suffix: "weights", "optimizer".
	Parts map[string]*safetensors.File
}
