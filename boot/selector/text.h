// Text in a fixed buffer, for code without an allocator: messages, the boot log, a command line.
//
// Always ends in NUL. What does not fit is cut off at the end and remembered, so that whoever needs
// the whole can refuse it.
//
// Freestanding.
#pragma once

#include <stddef.h>
#include <stdint.h>

namespace selector {

template <size_t kCapacity>
class Text {
 public:
  Text() = default;
  explicit Text(const char* text) { Add(text); }

  Text& Add(char c) {
    if (size_ + 1 >= kCapacity) {
      whole_ = false;
      return *this;
    }
    data_[size_++] = c;
    data_[size_] = '\0';
    return *this;
  }
  Text& Add(const char* text) {
    for (; *text != '\0'; ++text) Add(*text);
    return *this;
  }
  Text& AddNumber(uint64_t number) {
    char digits[20];
    size_t count = 0;
    do {
      digits[count++] = static_cast<char>('0' + number % 10);
      number /= 10;
    } while (number > 0);
    while (count > 0) Add(digits[--count]);
    return *this;
  }
  // Two lower-case hexadecimal digits.
  Text& AddHexByte(uint8_t byte) {
    constexpr char kDigits[] = "0123456789abcdef";
    return Add(kDigits[byte >> 4]).Add(kDigits[byte & 0xf]);
  }

  const char* c_str() const { return data_; }
  size_t size() const { return size_; }
  bool whole() const { return whole_; }

 private:
  char data_[kCapacity] = {};
  size_t size_ = 0;
  bool whole_ = true;
};

using Line = Text<160>;

}  // namespace selector
