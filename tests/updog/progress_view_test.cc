#include "updog/progress_view.h"

#include <gmock/gmock.h>

#include <string>
#include <vector>

namespace updog {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::SizeIs;

Progress Downloaded(std::uint64_t done, std::optional<std::uint64_t> total = 1'000'000) {
  return {.phase = Phase::kDownload, .image = "root", .done_bytes = done, .total_bytes = total};
}

ProgressState HalfWay() {
  return {.progress = Downloaded(500'000), .bytes_per_second = 12'345'678, .left = seconds(72)};
}

TEST(FormatBytes, UsesPowersOfThousand) {
  EXPECT_EQ(FormatBytes(0), "0 B");
  EXPECT_EQ(FormatBytes(999), "999 B");
  EXPECT_EQ(FormatBytes(1000), "1.0 kB");
  EXPECT_EQ(FormatBytes(999'949), "999.9 kB");
  EXPECT_EQ(FormatBytes(999'950), "1.0 MB");
  EXPECT_EQ(FormatBytes(358'200'000), "358.2 MB");
  EXPECT_EQ(FormatBytes(UINT64_MAX), "18446.7 PB");
}

TEST(FormatDuration, LeavesOutHoursThatAreNone) {
  EXPECT_EQ(FormatDuration(seconds(7)), "0:07");
  EXPECT_EQ(FormatDuration(seconds(754)), "12:34");
  EXPECT_EQ(FormatDuration(seconds(3723)), "1:02:03");
}

TEST(FormatBar, ShowsBarAmountRateAndTimeLeft) {
  EXPECT_EQ(FormatBar(HalfWay(), 80),
            "root  download   50 %  [======>      ]  500.0 kB of 1.0 MB  12.3 MB/s  1:12 left");
}

TEST(FormatBar, NeverIsWiderThanTheTerminal) {
  for (std::size_t columns = 0; columns < 200; ++columns) {
    EXPECT_LE(FormatBar(HalfWay(), columns).size(), columns);
  }
}

TEST(FormatBar, GivesUpTheBarBeforeTheNumbers) {
  EXPECT_EQ(FormatBar(HalfWay(), 61), "root  download   50 %  500.0 kB of 1.0 MB  12.3 MB/s");
  EXPECT_EQ(FormatBar(HalfWay(), 24), "root  download   50 %");
}

TEST(FormatBar, HasNoBarWhereTheTotalIsUnknown) {
  const ProgressState state{
      .progress = Downloaded(1500, std::nullopt), .bytes_per_second = 1000, .left = std::nullopt};
  EXPECT_EQ(FormatBar(state, 80), "root  download  1.5 kB  1.0 kB/s");
}

TEST(FormatBar, HasNoRateWhereNoneWasMeasured) {
  const ProgressState state{
      .progress = Downloaded(1'000'000), .bytes_per_second = 0, .left = std::nullopt};
  EXPECT_THAT(FormatBar(state, 80), Not(HasSubstr("/s")));
}

TEST(FormatJson, IsOneObjectWithNullForTheUnknown) {
  EXPECT_EQ(FormatJson(HalfWay()),
            R"({"bytes_done":500000,"bytes_per_second":12345678,"bytes_total":1000000,)"
            R"("image":"root","phase":"download","seconds_left":72})");
  const ProgressState unknown{
      .progress = Downloaded(1, std::nullopt), .bytes_per_second = 0, .left = std::nullopt};
  EXPECT_THAT(FormatJson(unknown), HasSubstr(R"("bytes_total":null)"));
  EXPECT_THAT(FormatJson(unknown), HasSubstr(R"("seconds_left":null)"));
}

class ProgressViewTest : public testing::Test {
 protected:
  ProgressView View(ProgressStyle style) {
    return {style, [this](std::string_view text) { written_.emplace_back(text); },
            [] { return std::size_t{80}; }};
  }
  static Instant At(int milliseconds_since_start) {
    return Instant(seconds(1000)) + milliseconds(milliseconds_since_start);
  }
  std::vector<std::string> written_;
};

TEST_F(ProgressViewTest, DrawsABarAtMostTenTimesASecond) {
  ProgressView view = View(ProgressStyle::kBar);
  for (int i = 0; i <= 1000; ++i) view.Show(Downloaded(static_cast<std::uint64_t>(i) * 10), At(i));
  EXPECT_THAT(written_, SizeIs(10));
}

TEST_F(ProgressViewTest, MeasuresRateAndTimeLeft) {
  ProgressView view = View(ProgressStyle::kBar);
  for (int i = 0; i <= 20; ++i)
    view.Show(Downloaded(static_cast<std::uint64_t>(i) * 10'000), At(i * 100));
  EXPECT_THAT(written_.back(), HasSubstr("200.0 kB of 1.0 MB  100.0 kB/s  0:08 left"));
}

TEST_F(ProgressViewTest, ShowsNoTimeLeftWhileNothingComes) {
  ProgressView view = View(ProgressStyle::kBar);
  view.Show(Downloaded(0), At(0));
  view.Show(Downloaded(0), At(1000));
  EXPECT_THAT(written_.back(), Not(HasSubstr("left")));
}

TEST_F(ProgressViewTest, CompletesEachImagesBarOnALineOfItsOwn) {
  ProgressView view = View(ProgressStyle::kBar);
  view.Show(Downloaded(1'000'000), At(0));
  Progress next = Downloaded(10);
  next.phase = Phase::kWrite;
  view.Show(next, At(1));
  next.image = "hash";
  view.Show(next, At(2));
  view.End();
  view.End();
  EXPECT_THAT(written_,
              ElementsAre(HasSubstr("root  write"), "\n", HasSubstr("hash  write"), "\n"));
}

TEST_F(ProgressViewTest, WritesPlainLinesEveryFewSecondsAndNoneForWhatIsShort) {
  ProgressView view = View(ProgressStyle::kLines);
  for (int i = 0; i < 49; ++i)
    view.Show(Downloaded(static_cast<std::uint64_t>(i) * 1'000), At(i * 100));
  EXPECT_THAT(written_, IsEmpty());
  for (int i = 49; i < 120; ++i) {
    view.Show(Downloaded(static_cast<std::uint64_t>(i) * 1'000), At(i * 100));
  }
  view.End();
  EXPECT_THAT(written_,
              ElementsAre("root: download, 5 %, 50.0 kB of 1.0 MB, 10.0 kB/s, 1:35 left\n",
                          "root: download, 10 %, 100.0 kB of 1.0 MB, 10.0 kB/s, 1:30 left\n"));
}

TEST_F(ProgressViewTest, TellsTheEndOfEachStepInJson) {
  ProgressView view = View(ProgressStyle::kJson);
  view.Show(Downloaded(1), At(0));
  view.Show(Downloaded(1'000'000), At(1));
  Progress written = Downloaded(7, std::nullopt);
  written.phase = Phase::kWrite;
  view.Show(written, At(2));
  view.End();
  EXPECT_THAT(written_,
              ElementsAre(HasSubstr(R"("bytes_done":1000000)"), HasSubstr(R"("phase":"write")")));
}

TEST_F(ProgressViewTest, KeepsQuiet) {
  ProgressView view = View(ProgressStyle::kNone);
  view.Show(Downloaded(1), At(0));
  view.Show(Downloaded(2), At(10'000));
  view.End();
  EXPECT_THAT(written_, IsEmpty());
}

}  // namespace
}  // namespace updog
