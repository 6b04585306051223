package pooltest

// Parallel is parallel, which depends on package testing's insides.
var Parallel = parallel
