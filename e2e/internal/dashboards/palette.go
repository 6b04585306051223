package dashboards

// colour is one with a meaning, the same on every page.
type colour string

const (
	hit      colour = "#3FA45B" // green: served from the pool, as it should be
	miss     colour = "#E0A100" // amber: had to be made
	bypass   colour = "#8E8E8E" // grey: never was the pool's
	drop     colour = "#F2731D" // orange: refused, dropped, evicted
	critical colour = "#D62728" // red: lost, leaking, critical
	held     colour = "#3274D9" // blue: idle in the pool
	used     colour = "#8F3BB8" // violet: in use
	limit    colour = "#5A5A5A" // dark grey, dashed: what may be
)

// Shades of orange, for reasons beside each other.
const (
	drop1  colour = "#F2731D"
	drop2  colour = "#FFA45C"
	drop3  colour = "#C4500A"
	drop4  colour = "#FFC999"
	drop5  colour = "#8F3A06"
	drop6  colour = "#FFB98A"
	closed colour = "#B86B3C"
)

// Shades of red, likewise.
const (
	red2 colour = "#A50021"
	red3 colour = "#FF5A5F"
	red4 colour = "#C9707A"
	red5 colour = "#6B0F1A"
)

// palette gives series their colours, by their whole legend.
type palette []struct {
	legend string
	colour colour
}

var (
	results = palette{
		{"hit", hit}, {"miss", miss}, {"bypass", bypass}, {"closed", closed}, {"timeout", drop1}, {"canceled", drop4},
	}
	returns = palette{
		{"pooled", hit}, {"full", drop1}, {"pressure", drop3}, {"refused", drop2}, {"foreign", drop4}, {"oversize", drop5},
		{"undersize", drop6}, {"closed", closed}, {"nil", bypass}, {"double", critical},
	}
	evictions = palette{
		{"resize", drop1}, {"pressure", drop3}, {"idle", drop2}, {"budget", drop6}, {"gc", drop4}, {"closed", closed},
	}
	memory = palette{
		{"held", held}, {"in use", used}, {"limit", limit}, {"allowed", limit}, {"saved", hit}, {"allocated", miss},
	}
	mistakes = palette{
		{"lost", red2}, {"double", critical}, {"write", red3}, {"overrun", red4}, {"suffix", red5}, {"foreign", drop4},
	}
	levels = palette{
		{"none", hit}, {"elevated", miss}, {"high", drop}, {"critical", critical},
	}
	actions = palette{
		{"hold", bypass}, {"grow", hit}, {"shrink", drop2}, {"trim", drop},
	}
)

// Has tells whether a series of that legend has its colour.
func (p palette) Has(legend string) bool {
	for _, c := range p {
		if c.legend == legend {
			return true
		}
	}
	return false
}

// value is what a figure that stands for a state is called.
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
	moreIsBetter = []step{{0, critical}, {0.5, drop}, {0.8, miss}, {0.9, hit}}
	noneIsBest   = []step{{0, hit}, {1e-9, drop}}
	lossIsBad    = []step{{0, hit}, {1e-9, critical}}
)
