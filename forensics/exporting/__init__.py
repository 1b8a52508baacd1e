"""Models of the suite for elsewhere: fewer bits, fixed sizes, and the loss of that measured on pictures."""
