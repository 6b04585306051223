// Package inside is tests of what the controller reads on a real kernel with
// control groups of the second version. They make groups as they like, so that
// they run on the machine of lab/kernel alone, as root.
package inside
