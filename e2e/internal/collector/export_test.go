package collector

// Compile lets tests build something smaller than a collector.
var Compile = compile
