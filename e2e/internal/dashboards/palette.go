package dashboards

// colour is one with a meaning, the same on every page.
type colour string

const (
	hit      colour = "#3FA45B" // green: served from the pool, as it should be
	miss     colour = "#E0A100" // amber: had to be made
	bypass   colour = "#8E8E8E" // grey: never was the pool's
	drop     colour = "#F2731D" // orange: refused, dropped, evicted
	critical colour = "#D62728" // red: lost, leaking, critical
	held     colour = "#3274D9" // blue: idle in the pool, the control group
	used     colour = "#8F3BB8" // violet: in use
	limit    colour = "#5A5A5A" // dark grey, dashed: what may be
)

// Others, for reasons and kinds beside each other: none is a shade of another, so
// that a legend is not needed to tell which of them it is.
const (
	brown   colour = "#8C5A2B"
	teal    colour = "#12A5A5"
	magenta colour = "#C15CC9"
	indigo  colour = "#6C7FE0"
	sky     colour = "#8CCBF2"
	pink    colour = "#F7B6D2"
	plum    colour = "#A23B72"
	yellow  colour = "#E8D500"
)

// palette gives series their colours, by their whole legend.
type palette []struct {
	legend string
	colour colour
}

var (
	results = palette{
		{"hit", hit}, {"miss", miss}, {"bypass", bypass}, {"closed", pink}, {"timeout", plum}, {"canceled", indigo}, {"failed", critical},
	}
	returns = palette{
		{"pooled", hit}, {"full", drop}, {"pressure", brown}, {"refused", teal}, {"foreign", magenta}, {"oversize", indigo},
		{"undersize", sky}, {"closed", pink}, {"double", critical},
	}
	evictions = palette{
		{"resize", drop}, {"pressure", brown}, {"idle", sky}, {"budget", indigo}, {"gc", bypass}, {"closed", pink},
	}
	memory = palette{
		{"held", held}, {"in use", used}, {"limit", limit}, {"allowed", drop}, {"saved", hit}, {"allocated", miss},
		{"kept in use", used}, {"Go memory", sky}, {"GC goal", teal}, {"Go", sky},
	}
	mistakes = palette{
		{"lost", yellow}, {"double", critical}, {"write", drop}, {"overrun", teal}, {"suffix", indigo}, {"config", sky},
	}
	levels = palette{
		{"none", hit}, {"elevated", miss}, {"high", drop}, {"critical", critical},
	}
	causes = palette{
		{"calm", hit}, {"heap", used}, {"cgroup", held}, {"psi", miss}, {"events", critical}, {"limiter", drop}, {"external", bypass},
	}
	signals = palette{
		{"heap", used}, {"cgroup", held}, {"psi.some", miss}, {"psi.full", drop}, {"psi.trigger", critical}, {"gc.cpu", teal},
		{"external", bypass},
	}
	actions = palette{
		{"hold", bypass}, {"grow", hit}, {"shrink", miss}, {"trim", drop},
	}
)

// dashed has the lines that show a bound, as opposed to a measured value.
var dashed = map[string]bool{"limit": true, "allowed": true}

// Has reports whether a series of that legend has its colour.
func (p palette) Has(legend string) bool {
	for _, c := range p {
		if c.legend == legend {
			return true
		}
	}
	return false
}

// value is the name of a figure that stands for a state.
type value struct {
	figure, text string
	colour       colour
}

// step is the colour of a figure from a value on; the first is from the lowest.
type step struct {
	from   float64
	colour colour
}

// What is good is green on every page.
var (
	moreIsBetter  = []step{{0, critical}, {0.5, drop}, {0.8, miss}, {0.9, hit}}
	noneIsBest    = []step{{0, hit}, {1e-9, drop}}
	lossIsBad     = []step{{0, hit}, {1e-9, critical}}
	shareIsBad    = []step{{0, hit}, {0.05, miss}, {0.2, drop}, {0.5, critical}}
	growthIsALeak = []step{{0, hit}, {60, miss}, {600, critical}}
	fullIsTight   = []step{{0, hit}, {0.5, miss}, {0.9, drop}}
)
