#include "boot/selector/command_line.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>

namespace selector {
namespace {

constexpr char kPartuuid[] = "6c1e4a57-9d0b-4f2e-8a35-c4b7e2d91f60";

struct Made {
  bool failed;
  std::string reason;
  std::u16string line;
};

Made Make(const std::string& file) {
  const auto line = std::make_unique<CommandLine>();
  const Outcome outcome = MakeCommandLine(file.data(), file.size(), kPartuuid, *line);
  if (outcome.failed()) return {.failed = true, .reason = outcome.reason(), .line = {}};
  EXPECT_EQ(line->text[line->length], u'\0');
  return {.failed = false, .reason = {}, .line = std::u16string(line->text, line->length)};
}

TEST(SelectorCommandLine, ReplacesEveryPlaceholder) {
  const Made made = Make("a=@BOOT_PARTUUID@ b=@BOOT_PARTUUID@/1 c=@BOOT@\n");

  EXPECT_EQ(made.line,
            u"a=6c1e4a57-9d0b-4f2e-8a35-c4b7e2d91f60 "
            u"b=6c1e4a57-9d0b-4f2e-8a35-c4b7e2d91f60/1 c=@BOOT@");
}

TEST(SelectorCommandLine, DropsLineFeedsAtTheEndOnly) {
  EXPECT_EQ(Make("ro quiet\n\n").line, u"ro quiet");
  EXPECT_EQ(Make("ro\nquiet\n").reason, "cmdline: not one line of ASCII");
}

TEST(SelectorCommandLine, RefusesWhatIsNotText) {
  EXPECT_TRUE(Make("ro \xff").failed);
  EXPECT_TRUE(Make(std::string("ro\0quiet", 8)).failed);
}

TEST(SelectorCommandLine, TakesAsMuchAsTheKernelTakes) {
  EXPECT_EQ(Make(std::string(kMaxCommandLine - 1, 'x')).line.size(), kMaxCommandLine - 1);
  EXPECT_EQ(Make(std::string(kMaxCommandLine, 'x')).reason, "cmdline: too long");
  EXPECT_EQ(Make(std::string(kMaxCommandLine - 20, 'x') + "@BOOT_PARTUUID@").reason,
            "cmdline: too long");
}

TEST(SelectorCommandLine, MayBeEmpty) {
  EXPECT_EQ(Make("").line, u"");
}

}  // namespace
}  // namespace selector
