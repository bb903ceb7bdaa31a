// A fuzz target: one function that takes any bytes, comes back, and finds its properties true.
//
// In the preset asan libFuzzer calls it with whatever it invents (scripts/fuzz). Every other build
// calls it with the files of tests/fuzz/corpus/TARGET, as a test: seeds from real data, and each
// input that ever failed.
#pragma once

#include <string_view>

namespace fuzz {

// Each target defines it. No state stays from one input to the next.
void Run(std::string_view input);

// Ends the program, naming the property, unless it holds.
void Check(bool holds, std::string_view property);

}  // namespace fuzz
