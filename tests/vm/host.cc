#include "tests/vm/host.h"

#include <fcntl.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <map>
#include <utility>

#include "base/fd.h"
#include "tests/support/paths.h"
#include "tests/support/process.h"

namespace test {
namespace {

using partitions::BootFlags;
using partitions::Slot;

constexpr const char* kVariant = "vmtest";

// As scripts/build-image numbers them.
const std::map<std::string, int> kNumbers = {{"esp", 1},    {"boot-a", 2},  {"root-a", 3},
                                             {"hash-a", 4}, {"boot-b", 5},  {"root-b", 6},
                                             {"hash-b", 7}, {"private", 8}, {"data", 9}};

std::string BootPartition(Slot slot) {
  return std::to_string(kNumbers.at(slot == Slot::kA ? "boot-a" : "boot-b"));
}

}  // namespace

std::string PreparedDirectory() {
  return BuildPath("vm");
}

VmTest::VmTest() {
  const testing::TestInfo* const info = testing::UnitTest::GetInstance()->current_test_info();
  directory_ = PreparedDirectory() + "/tests/" + info->name();
  std::filesystem::remove_all(directory_);
  std::filesystem::create_directories(directory_ + "/machine");
  std::filesystem::create_directories(web_root());
  RunTool("cp", {"--sparse=always", PreparedDirectory() + "/disk.img", disk()});
}

void VmTest::TearDown() {
  const ProcessResult result =
      RunProcess({.program = "/usr/sbin/sgdisk", .arguments = {"--verify", disk()}});
  EXPECT_NE(result.output.find("No problems found"), std::string::npos) << result.output;
  if (!HasFailure()) std::filesystem::remove_all(directory_);
}

void VmTest::RunTool(const std::string& program, const std::vector<std::string>& arguments) const {
  const ProcessResult result = RunProcess({.program = program,
                                           .arguments = arguments,
                                           .working_directory = directory_,
                                           .timeout = std::chrono::seconds(60)});
  ASSERT_EQ(result.exit_status, 0) << program << ": " << result.output << result.errors;
}

std::unique_ptr<Machine> VmTest::PowerOn() {
  return std::make_unique<Machine>(
      MachineOptions{.directory = directory_ + "/machine", .disk = disk()});
}

std::unique_ptr<Machine> VmTest::PowerOnRecording(const std::string& log) {
  return std::make_unique<Machine>(MachineOptions{
      .directory = directory_ + "/machine",
      .disk = disk(),
      .disk_arguments = {"-blockdev",
                         "driver=blklogwrites,node-name=d0,log-sector-size=512,file.driver=file,"
                         "file.filename=" +
                             disk() + ",log.driver=file,log.filename=" + log}});
}

std::string VmTest::Url(const std::string& path) {
  if (server_ == nullptr) server_ = std::make_unique<Nginx>(directory_ + "/server", web_root());
  return "http://10.0.2.2:" + std::to_string(server_->port()) + path;
}

void VmTest::Configure(Machine& machine) {
  while (!HasFailure() && machine.Run({"/bin/apiclient", "raw", "-u", "/os"}).exit_status != 0) {
  }
  machine.Write("/etc/updog.toml", "metadata_base_url = \"" + Url("/metadata") +
                                       "\"\ntargets_base_url = \"" + Url("/targets") +
                                       "\"\nseed = 7\n");
}

std::string VmTest::WaitUntilGood(Machine& machine) {
  const std::string version = machine.WaitForVersion();
  EXPECT_TRUE(machine.WaitFor("this boot of " + version + " is good"));
  return version;
}

BootFlags VmTest::Flags(Slot slot) const {
  const ProcessResult result = RunProcess(
      {.program = "/usr/sbin/sfdisk", .arguments = {"--part-attrs", disk(), BootPartition(slot)}});
  EXPECT_EQ(result.exit_status, 0) << result.errors;
  // "GUID:48,52,53,56": the bits that are set.
  std::uint64_t attributes = 0;
  const std::size_t colon = result.output.find(':');
  if (colon == std::string::npos) return {};
  std::istringstream bits(result.output.substr(colon + 1));
  for (std::string bit; std::getline(bits, bit, ',');)
    attributes |= std::uint64_t{1} << std::stoul(bit);
  return partitions::BootFlagsOf(attributes);
}

void VmTest::SetFlags(Slot slot, BootFlags flags) const {
  const std::uint64_t attributes = partitions::WithBootFlags(0, flags);
  std::string bits;
  for (unsigned bit = 0; bit < 64; ++bit)
    if ((attributes >> bit & 1) != 0) bits += (bits.empty() ? "GUID:" : ",") + std::to_string(bit);
  RunTool("/usr/sbin/sfdisk", {"--quiet", "--part-attrs", disk(), BootPartition(slot), bits});
}

void VmTest::Install(const std::string& release, Slot slot) const {
  for (const std::string kind : {"boot", "root", "hash"}) {
    std::ifstream file(PreparedDirectory() + "/raw/" + release + "/" + kind + ".img",
                       std::ios::binary);
    std::ostringstream bytes;
    bytes << file.rdbuf();
    WriteAt(Offset(kind + (slot == Slot::kA ? "-a" : "-b")), bytes.str());
  }
}

std::uint64_t VmTest::Offset(const std::string& partition) const {
  const ProcessResult result = RunProcess(
      {.program = "/usr/bin/partx",
       .arguments = {"-rgo", "START", "--nr", std::to_string(kNumbers.at(partition)), disk()}});
  EXPECT_EQ(result.exit_status, 0) << result.errors;
  return std::stoull(result.output) * 512;
}

void VmTest::WriteAt(std::uint64_t offset, const std::string& bytes) const {
  const base::Result<base::UniqueFd> fd = base::OpenFile(disk(), O_WRONLY);
  ASSERT_TRUE(fd && base::WriteAllAt(fd->get(), base::AsBytes(bytes), offset, disk()));
}

std::string VmTest::ReadAt(std::uint64_t offset, std::size_t size_bytes) const {
  std::string bytes(size_bytes, '\0');
  const base::Result<base::UniqueFd> fd = base::OpenFile(disk(), O_RDONLY);
  EXPECT_TRUE(fd && base::ReadExactlyAt(fd->get(), std::as_writable_bytes(std::span(bytes)), offset,
                                        disk()));
  return bytes;
}

std::string VmTest::ReadSet(Slot slot) const {
  // Boot, root and hash lie behind each other.
  const std::string letter = slot == Slot::kA ? "-a" : "-b";
  const std::uint64_t begin = Offset("boot" + letter);
  const std::uint64_t end = Offset(slot == Slot::kA ? "boot-b" : "private");
  return ReadAt(begin, end - begin);
}

void VmTest::FlipByteOfTarget(const std::string& name_end) const {
  for (const auto& file : std::filesystem::directory_iterator(web_root() + "/targets")) {
    if (!file.path().string().ends_with(name_end)) continue;
    std::ostringstream bytes;
    bytes << std::ifstream(file.path(), std::ios::binary).rdbuf();
    std::string changed = bytes.str();
    char& byte = changed[changed.size() / 2];
    byte = static_cast<char>(byte ^ 0x01);
    // A new file: the published one may be a link to the publisher's own.
    std::filesystem::remove(file.path());
    std::ofstream(file.path(), std::ios::binary) << changed;
  }
}

void VmTest::Publish(const std::vector<Release>& releases) {
  PublishWith(PreparedDirectory() + "/publisher", releases);
}

void VmTest::PublishAsAttacker(const std::vector<Release>& releases) {
  PublishWith(PreparedDirectory() + "/attacker", releases);
}

void VmTest::AddMigrations(const std::string& targets) const {
  RunTool(Program("updog/updata"), {"set-migrations", targets + "/manifest.json", "--from",
                                    SourcePath("test-repo/Release.toml")});
  for (const auto& file : std::filesystem::directory_iterator(PreparedDirectory() + "/migrations"))
    std::filesystem::create_hard_link(file.path(), targets + "/" + file.path().filename().string());
}

void VmTest::PublishWith(const std::string& keys, const std::vector<Release>& releases) {
  const std::string targets = directory_ + "/targets";
  const std::string manifest = targets + "/manifest.json";
  const std::string updata = Program("updog/updata");
  std::filesystem::remove_all(targets);
  std::filesystem::create_directories(targets);
  RunTool(updata, {"init", manifest});
  for (const Release& release : releases) {
    const std::string name = std::string(kVariant) + "-" + release.version;
    RunTool(updata, {"add-update", manifest, "--variant", kVariant, "--arch", "x86_64", "--version",
                     release.version, "--max-version", releases.back().version, "--boot",
                     name + "-boot.vfat.zst", "--root", name + "-root.erofs.zst", "--hash",
                     name + "-hash.verity.zst"});
    const std::string from = PreparedDirectory() + "/releases/" + release.prepared;
    for (const auto& file : std::filesystem::directory_iterator(from))
      std::filesystem::create_hard_link(file.path(),
                                        targets + "/" + file.path().filename().string());
  }
  if (migrations_) AddMigrations(targets);
  std::vector<std::string> arguments = {published_ ? "update" : "create",
                                        "--root",
                                        keys + "/root.json",
                                        "--key",
                                        keys + "/online.pem",
                                        "--add-targets",
                                        targets,
                                        "--targets-expires",
                                        "in 3 weeks",
                                        "--snapshot-expires",
                                        "in 3 weeks",
                                        "--timestamp-expires",
                                        "in 7 days",
                                        "--outdir",
                                        web_root()};
  if (published_)
    arguments.insert(arguments.end(), {"--metadata-url", "file://" + web_root() + "/metadata"});
  RunTool(Program("tough/tuftool/tuftool"), arguments);
  published_ = true;
}

}  // namespace test
