// updata as a program: what a publisher types and reads.
#include <gmock/gmock.h>

#include <string>
#include <vector>

#include "base/file.h"
#include "tests/support/process.h"
#include "tests/support/temp_dir.h"

namespace test {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::StartsWith;

ProcessResult Updata(const std::vector<std::string>& arguments) {
  return RunProcess({.program = Program("updog/updata"), .arguments = arguments});
}

class UpdataTest : public testing::Test {
 protected:
  UpdataTest() { EXPECT_EQ(Updata({"init", manifest_}).exit_status, 0); }
  void Add(const std::string& version) const {
    const ProcessResult result =
        Updata({"add-update", manifest_, "--variant", "demo", "--arch", "x86_64", "--version",
                version, "--boot", "b", "--root", "r", "--hash", "h"});
    EXPECT_EQ(result.exit_status, 0) << result.errors;
  }
  std::string Read(const std::string& path) const { return base::ReadFile(path, 1 << 20).value(); }

  TempDir dir_;
  const std::string manifest_ = dir_ / "manifest.json";
};

TEST_F(UpdataTest, SetsTheWavesOfAShippedSchedule) {
  Add("1.0.0");
  EXPECT_EQ(Updata({"set-waves", manifest_, "--wave-file", "emergency", "--start-at",
                    "2026-12-01T00:00:00Z"})
                .exit_status,
            0);
  EXPECT_THAT(Read(manifest_), AllOf(HasSubstr("\"0\": \"2026-12-01T00:30:00Z\""),
                                     HasSubstr("\"2048\": \"2026-12-01T03:30:00Z\"")));
  EXPECT_EQ(Updata({"validate", manifest_}).exit_status, 0);
}

TEST_F(UpdataTest, TellsAHostsVerySecond) {
  Add("1.0.0");
  Updata(
      {"set-waves", manifest_, "--wave-file", "emergency", "--start-at", "2026-12-01T00:00:00Z"});
  // Wave 1: seeds 0 to 101 in 1800 s.
  for (const std::vector<std::string>& input :
       {std::vector<std::string>{manifest_, "--version", "1.0.0"},
        std::vector<std::string>{"emergency", "--start-at", "2026-12-01T00:00:00Z"}}) {
    std::vector<std::string> arguments = {"waves", "preview", "--seed", "17"};
    arguments.insert(arguments.end(), input.begin(), input.end());
    const ProcessResult result = Updata(arguments);
    EXPECT_EQ(result.exit_status, 0) << result.errors;
    EXPECT_THAT(result.output, StartsWith("seed 17: wave 1, ready at 2026-12-01T00:35:00Z"));
  }
}

TEST_F(UpdataTest, DrawsAScheduleOnTheTerminal) {
  const ProcessResult result =
      Updata({"waves", "preview", "default", "--start-at", "2026-12-01T00:00:00Z"});
  EXPECT_EQ(result.exit_status, 0) << result.errors;
  EXPECT_THAT(
      result.output,
      AllOf(HasSubstr("wave  1  2026-12-01T01:00:00Z    0.0 % to   1.0 %  seeds    0 to   "
                      "19  in 3 h: 0.5 of 10000 hosts each minute"),
            HasSubstr("wave  7"), HasSubstr("% of the fleet ready, by days after the start"),
            HasSubstr("hosts ready per minute, by days after the start")));
  EXPECT_THAT(result.errors, IsEmpty());
}

TEST_F(UpdataTest, DrawsIntoFiles) {
  const std::string svg = dir_ / "plot.svg";
  const std::string png = dir_ / "plot.png";
  const ProcessResult result =
      Updata({"waves", "preview", "accelerated", "--svg", svg, "--png", png});
  EXPECT_EQ(result.exit_status, 0) << result.errors;
  EXPECT_THAT(Read(svg), AllOf(StartsWith("<?xml"), HasSubstr("hours after the start")));
  EXPECT_THAT(Read(png), StartsWith("\x89PNG"));
  EXPECT_EQ(Updata({"waves", "preview", "default", "--svg", dir_ / "plot.gif"}).exit_status, 2);
}

TEST_F(UpdataTest, SaysWhereThePlotsComeFrom) {
  const ProcessResult result = RunProcess({.program = Program("updog/updata"),
                                           .arguments = {"waves", "preview", "default"},
                                           .environment = {{"PATH", dir_ / "empty"}}});
  EXPECT_EQ(result.exit_status, 1);
  EXPECT_THAT(result.errors, HasSubstr("gnuplot-nox"));
}

TEST_F(UpdataTest, RefusesAScheduleThatIsNone) {
  const ProcessResult result = Updata({"waves", "preview", "leisurely"});
  EXPECT_EQ(result.exit_status, 1);
  EXPECT_THAT(result.errors, HasSubstr("accelerated, default, emergency"));
}

}  // namespace
}  // namespace test
