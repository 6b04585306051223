package pool

// label is the name of a result, a reason or a kind of misuse in metrics and in print,
// and a clause that says what it means, for exporters and pages.
type label struct{ name, description string }

func labelOf(labels []label, i int) label {
	if i < len(labels) {
		return labels[i]
	}
	return label{"unknown", "unknown"}
}

var requestLabels = [NumRequestResults]label{
	Hit:             {"hit", "a free object was handed out"},
	Miss:            {"miss", "none was free: one was made"},
	Bypass:          {"bypass", "larger than the largest class: made, and never pooled"},
	RequestClosed:   {"closed", "the pool is closed: made"},
	RequestTimeout:  {"timeout", "the caller's deadline passed while it waited"},
	RequestCanceled: {"canceled", "the caller's context was cancelled while it waited"},
	RequestFailed:   {"failed", "New made none: an error, nil or a panic"},
}

var returnLabels = [NumReturnResults]label{
	Pooled:         {"pooled", "kept for the next request"},
	Full:           {"full", "the pool holds as much as its limit or budget allows"},
	Oversize:       {"oversize", "larger than the largest class"},
	Undersize:      {"undersize", "smaller than the smallest class"},
	Foreign:        {"foreign", "not of a capacity, or an address, that the pool hands out"},
	Refused:        {"refused", "the pool's Keep function said no, or the pool counts and does not pool"},
	Double:         {"double", "given back while it was free already"},
	NilReturn:      {"nil", "nil, or a slice without capacity"},
	ReturnPressure: {"pressure", "refused under memory pressure"},
	ReturnClosed:   {"closed", "the pool is closed"},
}

var evictionLabels = [NumEvictionReasons]label{
	EvictResize:   {"resize", "the limit was lowered"},
	EvictPressure: {"pressure", "trimmed, or memory pressure"},
	EvictIdle:     {"idle", "unused for longer than the idle age"},
	EvictBudget: {
		"budget",
		"least likely to be wanted soon when a shared limit, or the pool's own, was full: it gave way to an object used later",
	},
	EvictGC:     {"gc", "taken by the garbage collector"},
	EvictClosed: {"closed", "the pool was closed"},
}

var misuseLabels = [NumMisuseKinds]label{
	MisuseLost:    {"lost", "never given back, and nobody has it any more"},
	MisuseDouble:  {"double", "given back a second time"},
	MisuseWrite:   {"write", "written to after it was given back"},
	MisuseOverrun: {"overrun", "written to beyond its capacity"},
	MisuseSuffix:  {"suffix", "given back from somewhere after its beginning: b[k:]"},
	MisuseForeign: {"foreign", "given back, and not handed out by the pool, or moved by append"},
	MisuseConfig:  {"config", "the pool's config is wrong: New returned nil, or Size is missing under a limit"},
}

// Description returns a clause that says what the result means.
func (r RequestResult) Description() string { return labelOf(requestLabels[:], int(r)).description }

// Description returns a clause that says what the result means.
func (r ReturnResult) Description() string { return labelOf(returnLabels[:], int(r)).description }

// Description returns a clause that says what the reason means.
func (r EvictionReason) Description() string { return labelOf(evictionLabels[:], int(r)).description }

// Description returns a clause that says what the kind means.
func (k MisuseKind) Description() string { return labelOf(misuseLabels[:], int(k)).description }
