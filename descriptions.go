package pool

// What results, reasons and kinds of misuse mean, for exporters and pages.

var requestDescriptions = [NumRequestResults]string{
	Hit:             "a free object was handed out",
	Miss:            "none was free: one was made",
	Bypass:          "larger than the largest class: made, and never pooled",
	RequestClosed:   "the pool is closed: made",
	RequestTimeout:  "the caller's deadline passed while it waited",
	RequestCanceled: "the caller's context was cancelled while it waited",
	RequestFailed:   "New made none: an error, nil or a panic",
}

var returnDescriptions = [NumReturnResults]string{
	Pooled:         "kept for the next request",
	Full:           "the pool holds as much as its limit or budget allows",
	Oversize:       "larger than the largest class",
	Undersize:      "smaller than the smallest class",
	Foreign:        "not of a capacity, or an address, that the pool hands out",
	Refused:        "the pool's Keep function said no, or the pool counts and does not pool",
	Double:         "given back while it was free already",
	NilReturn:      "nil, or a slice without capacity",
	ReturnPressure: "refused under memory pressure",
	ReturnClosed:   "the pool is closed",
}

var evictionDescriptions = [NumEvictionReasons]string{
	EvictResize:   "the limit was lowered",
	EvictPressure: "trimmed, or memory pressure",
	EvictIdle:     "unused for longer than the idle age",
	EvictBudget:   "least likely to be wanted soon when a shared limit, or the pool's own, was full: it gave way to an object used later",
	EvictGC:       "taken by the garbage collector",
	EvictClosed:   "the pool was closed",
}

var misuseDescriptions = [NumMisuseKinds]string{
	MisuseLost:    "never given back, and nobody has it any more",
	MisuseDouble:  "given back a second time",
	MisuseWrite:   "written to after it was given back",
	MisuseOverrun: "written to beyond its capacity",
	MisuseSuffix:  "given back from somewhere after its beginning: b[k:]",
	MisuseForeign: "given back, and not handed out by the pool, or moved by append",
	MisuseConfig:  "the pool's config is wrong: New returned nil, or Size is missing under a limit",
}

// Description returns a clause that says what the result means.
func (r RequestResult) Description() string { return nameOf(requestDescriptions[:], int(r)) }

// Description returns a clause that says what the result means.
func (r ReturnResult) Description() string { return nameOf(returnDescriptions[:], int(r)) }

// Description returns a clause that says what the reason means.
func (r EvictionReason) Description() string { return nameOf(evictionDescriptions[:], int(r)) }

// Description returns a clause that says what the kind means.
func (k MisuseKind) Description() string { return nameOf(misuseDescriptions[:], int(k)) }
