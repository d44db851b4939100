package native

import (
	"context"
	"strings"
	"sync"

	"github.com/elbo-ml/elbo/runtime/profile"
)

// works are a plan's steps as a profile names them, made when somebody first records a run.
type works struct {
	once  sync.Once
	whole profile.Work
	steps []profile.Work
}

// recording is a run on record. The zero recording is of a run that is not.
type recording struct {
	*works
	recorder *profile.Recorder
	lane     int
	whole    profile.Span
}

// record begins to record a run of p, if ctx has a recorder.
func (p *plan) record(ctx context.Context) recording {
	r := profile.From(ctx)
	if r == nil {
		return recording{}
	}
	p.works.once.Do(p.nameWorks)
	lane := r.Enter()
	return recording{&p.works, r, lane, r.Begin(lane, &p.works.whole)}
}

// step begins step i.
func (r *recording) step(i int) profile.Span {
	if r.recorder == nil {
		return profile.Span{}
	}
	return r.recorder.Begin(r.lane, &r.steps[i])
}

func (r *recording) end() {
	if r.recorder != nil {
		r.whole.End()
		r.recorder.Leave(r.lane)
	}
}

func (p *plan) nameWorks() {
	p.works.whole = profile.Work{Name: "run " + p.graph.Name, Family: "between the steps", Category: "native"}
	for _, s := range p.describe(p.graph).Steps {
		w := profile.Work{Category: "native", FLOPs: s.Cost.FLOPs, Bytes: s.Cost.Bytes(), In: join(s.In), Out: join(s.Out)}
		w.Operators = strings.Join(s.Operators(), " ")
		w.Name = cut(w.Operators)
		switch {
		case len(s.Chain) == 0:
			w.Family = s.Kernel
		case s.Kernel == "":
			w.Family = "chain"
		default:
			w.Family = s.Kernel + " + chain"
		}
		p.works.steps = append(p.works.steps, w)
	}
}

func join(list []Operand) string {
	texts := make([]string, len(list))
	for i, o := range list {
		texts[i] = o.Name + " " + o.String()
	}
	return strings.Join(texts, ", ")
}

// cut keeps a name short enough for a bar of a trace.
func cut(name string) string {
	const most = 60
	if len(name) <= most {
		return name
	}
	return name[:strings.LastIndexByte(name[:most], ' ')] + " ..."
}
