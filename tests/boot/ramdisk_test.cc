#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "boot/ramdisk/command_line.h"
#include "boot/ramdisk/mapped_device.h"
#include "tests/support/matchers.h"

namespace ramdisk {
namespace {

using base::ErrorCode;
using test::Fails;
using test::FailsSaying;
using test::IsOkAnd;
using testing::Eq;
using testing::Optional;

constexpr char kGuid[] = "6c1e4a57-9d0b-4f2e-8a35-c4b7e2d91f60";

base::Result<std::string> Resolve(const PartitionReference& reference) {
  EXPECT_EQ(reference.unique, partitions::GuidOf(kGuid));
  return "254:" + std::to_string(reference.offset);
}

TEST(KernelCommandLine, TakesAValueInQuotes) {
  EXPECT_THAT(FindParameter("ro a=\"b c\" d\n", "a"), Optional(Eq("b c")));
  EXPECT_THAT(FindParameter("ro \"a=b c\" d\n", "a"), Optional(Eq("b c")));
}

TEST(KernelCommandLine, TakesTheLastOfSeveral) {
  EXPECT_THAT(FindParameter("init=/a init=/b", "init"), Optional(Eq("/b")));
}

TEST(KernelCommandLine, TakesTheWholeNameOnly) {
  EXPECT_EQ(FindParameter("rdinit=/a init init.x=/b", "init"), std::nullopt);
}

TEST(KernelCommandLine, LeavesWhatIsMeantForInit) {
  EXPECT_EQ(FindParameter("ro -- init=/b", "init"), std::nullopt);
}

TEST(MappedDevice, IsParsedAndItsPartitionsAreResolved) {
  const std::string text = std::string("root,,,ro,0 1024 verity 1 PARTUUID=") + kGuid +
                           "/PARTNROFF=1 PARTUUID=" + kGuid +
                           "/PARTNROFF=2 4096 4096 128 1 sha256 ab cd 1 restart_on_corruption";

  EXPECT_THAT(
      ParseMappedDevice(text, Resolve),
      IsOkAnd(MappedDevice{
          .name = "root",
          .start_sector = 0,
          .sector_count = 1024,
          .target = "verity",
          .parameters = "1 254:1 254:2 4096 4096 128 1 sha256 ab cd 1 restart_on_corruption"}));
}

TEST(MappedDevice, IsReadOnly) {
  EXPECT_THAT(ParseMappedDevice("root,,,rw,0 1024 linear 254:1 0", Resolve),
              Fails(ErrorCode::kMalformed));
}

TEST(MappedDevice, RefusesAReferenceThatIsNone) {
  EXPECT_THAT(ParseMappedDevice("root,,,ro,0 8 linear PARTUUID=1234 0", Resolve),
              FailsSaying("does not begin with a GUID"));
  EXPECT_THAT(
      ParseMappedDevice(std::string("root,,,ro,0 8 linear PARTUUID=") + kGuid + "x 0", Resolve),
      FailsSaying("follows a GUID"));
  EXPECT_THAT(
      ParseMappedDevice(std::string("root,,,ro,0 8 linear PARTUUID=") + kGuid + "/PARTNROFF=-1 0",
                        Resolve),
      FailsSaying("is not a number"));
}

TEST(MappedDevice, PassesOnThatAPartitionIsMissing) {
  const auto nothing = [](const PartitionReference&) -> base::Result<std::string> {
    return base::Fail(ErrorCode::kNotFound, "no such partition");
  };
  EXPECT_THAT(ParseMappedDevice(std::string("root,,,ro,0 8 linear PARTUUID=") + kGuid, nothing),
              Fails(ErrorCode::kNotFound));
}

}  // namespace
}  // namespace ramdisk
