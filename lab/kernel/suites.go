package main

// suite is a program that is run inside. It passes by ending with 0.
type suite struct {
	Name string
	Pkg  string   // import path below the module's root
	Test bool     // the package's tests, not the package
	Args []string // of the program
	User int      // 0 is root
}

const nobody = 65534

var verbose = []string{"-test.v", "-test.timeout=5m"}

// asNobody leaves out a test that asks for a trigger on the root group's file,
// which is root's. What nobody gets is said by a test of inside.
var asNobody = append([]string{"-test.run=Stall|Trigger|PSI|Pressure|Cgroup|Signals|Read", "-test.skip=KernelTakesTheTriggers"}, verbose...)

// testSuites are built anew each time: what exists of the list is run.
var testSuites = []suite{
	{Name: "adaptive", Pkg: "adaptive", Test: true, Args: verbose},
	{Name: "signals", Pkg: "adaptive/signals", Test: true, Args: verbose},
	{Name: "cgroup", Pkg: "internal/cgroup", Test: true, Args: verbose},
	{Name: "readings", Pkg: "lab/kernel/inside", Test: true, Args: verbose},
	{Name: "signals-as-nobody", Pkg: "adaptive/signals", Test: true, User: nobody, Args: asNobody},
}

// labSuites compare ours with unlimited where the neighbour's pace is one that
// this slow machine follows, and where memory.high is in force. Beside a neighbour of
// 140 MiB both are within 1 to 6 MiB of the limit, and a run decides little.
var labSuites = []suite{{
	Name: "lab", Pkg: "lab/pressure",
	Args: []string{"-survivals", "-scenarios=steady-110-at-40,steady-140-at-40,hoard-200-at-40,high", "-pools=unlimited,ours"},
}}
