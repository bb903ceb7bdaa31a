// /init of the RAM disk: from the kernel's first process to the real one on the verified root.
//
// Loads the modules that the disk needs, arms the watchdog, finds the disk by the boot partition
// that the selector named, sets dm-verity up over the root (which the kernel then verifies at every
// read), mounts it, and hands over to the real init:
//
//   dm-mod.create=…      the verified root, see mapped_device.h
//   updog.boot=GUID      the unique GUID of the boot partition that was started
//   rootfstype=TYPE      of the root file system
//   init=PATH            the real init, default /sbin/init
//
// The private and the data partition are mounted here too, since here the partition table is at
// hand: data on /var, private on /var/lib/updog. Neither is verified and either may be damaged;
// then the system comes up with an empty file system in memory in its place and says so, because a
// machine that cannot remember is better than one that cannot be reached.
//
// Every failure ends in a message and a reset: the try that the selector took was the set's chance.
// Static and small; runs as process 1, alone.
#include <fcntl.h>
#include <fmt/format.h>
#include <linux/watchdog.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <fstream>
#include <iterator>
#include <string>

#include "base/fd.h"
#include "base/result.h"
#include "boot/ramdisk/boot_disk.h"
#include "boot/ramdisk/command_line.h"
#include "boot/ramdisk/mapped_device.h"
#include "boot/ramdisk/modules.h"
#include "partitions/guid.h"
#include "partitions/layout.h"

namespace {

using base::ErrorCode;
using base::Fail;
using ramdisk::BootDisk;

constexpr const char* kRoot = "/root";
// UEFI's and systemd's type of a Linux data partition.
constexpr partitions::Guid kDataType = partitions::GuidOf("0fc63daf-8483-4772-8e79-3d69d8477de4");

void Say(std::string_view line) {
  fmt::print(stderr, "updog ramdisk: {}\n", line);
}

base::Result<> Mount(const std::string& source, const std::string& target, const std::string& type,
                     unsigned long flags, const std::string& data = "") {
  if (mount(source.c_str(), target.c_str(), type.c_str(), flags, data.c_str()) != 0)
    return base::FailErrno(errno, fmt::format("mount {} on {}", source, target));
  return {};
}

base::Result<> MountKernelFileSystems() {
  mkdir("/dev", 0755);
  mkdir("/proc", 0555);
  mkdir("/sys", 0555);
  mkdir(kRoot, 0755);
  TRY(Mount("proc", "/proc", "proc", MS_NOSUID | MS_NOEXEC | MS_NODEV));
  TRY(Mount("sysfs", "/sys", "sysfs", MS_NOSUID | MS_NOEXEC | MS_NODEV));
  return {};
}

// The kernel hands us the console where the RAM disk's own /dev had one; ours is empty.
base::Result<> OpenConsole() {
  TRY(Mount("devtmpfs", "/dev", "devtmpfs", MS_NOSUID | MS_NOEXEC, "mode=0755"));
  base::UniqueFd console = TRY(base::OpenFile("/dev/console", O_RDWR));
  for (int fd = 0; fd <= 2; ++fd) dup2(console.get(), fd);
  if (console.get() <= 2) console.Release();
  return {};
}

// From here on a hang resets the machine. The real init opens the watchdog anew and feeds it; since
// it is closed without the magic letter V, it keeps running in between.
void ArmWatchdog() {
  const base::Result<base::UniqueFd> watchdog = base::OpenFile("/dev/watchdog", O_WRONLY);
  if (!watchdog) return Say("no watchdog: " + watchdog.error().message());
  ioctl(watchdog->get(), WDIOC_KEEPALIVE, 0);
}

base::Result<std::string> Require(std::string_view command_line, std::string_view name) {
  std::optional<std::string> value = ramdisk::FindParameter(command_line, name);
  if (!value)
    return Fail(ErrorCode::kNotFound, fmt::format("{}= is not on the kernel's command line", name));
  return *std::move(value);
}

base::Result<BootDisk> FindDisk(std::string_view command_line) {
  const std::string text = TRY(Require(command_line, "updog.boot"));
  partitions::Guid boot_partition;
  if (!partitions::ParseGuid(text.data(), text.size(), boot_partition))
    return Fail(ErrorCode::kMalformed, fmt::format("updog.boot={} is not a GUID", text));
  return BootDisk::Find(boot_partition);
}

base::Result<> MountRoot(const BootDisk& disk, std::string_view command_line) {
  const auto resolve =
      [&](const ramdisk::PartitionReference& reference) -> base::Result<std::string> {
    const auto partition = disk.FindUnique(reference.unique);
    if (!partition)
      return Fail(
          ErrorCode::kNotFound,
          fmt::format("dm-mod.create= names a partition that {} does not have", disk.name()));
    return disk.DeviceNumbers(partition->number + reference.offset);
  };
  const ramdisk::MappedDevice device =
      TRY(ramdisk::ParseMappedDevice(TRY(Require(command_line, "dm-mod.create")), resolve));
  const std::string node = TRY(ramdisk::CreateMappedDevice(device));
  return Mount(node, kRoot, TRY(Require(command_line, "rootfstype")), MS_RDONLY | MS_NODEV);
}

base::Result<> MountPartition(const BootDisk& disk, const partitions::Guid& type,
                              const std::string& target) {
  const auto partition = disk.FindType(type);
  if (!partition) return Fail(ErrorCode::kNotFound, "not on this disk");
  return Mount(TRY(disk.DeviceNode(partition->number)), target, "ext4", MS_NOSUID | MS_NODEV);
}

base::Result<> MountPersistent(const BootDisk& disk, const partitions::Guid& type,
                               const std::string& name) {
  const std::string target = kRoot + name;
  const base::Result<> mounted = MountPartition(disk, type, target);
  if (mounted) return {};
  Say(fmt::format("{} is in memory only: {}", name, mounted.error().message()));
  return Mount("tmpfs", target, "tmpfs", MS_NOSUID | MS_NODEV, "mode=0755");
}

// The new root becomes "/", and its init becomes this process.
base::Result<> HandOver(const std::string& init) {
  TRY(Mount("/dev", std::string(kRoot) + "/dev", "", MS_MOVE));
  umount("/proc");
  umount("/sys");
  if (chdir(kRoot) != 0) return base::FailErrno(errno, "chdir to the root");
  TRY(Mount(".", "/", "", MS_MOVE));
  if (chroot(".") != 0 || chdir("/") != 0) return base::FailErrno(errno, "chroot");
  char* const arguments[] = {const_cast<char*>(init.c_str()), nullptr};
  execv(init.c_str(), arguments);
  return base::FailErrno(errno, "exec " + init);
}

base::Result<> BringUp() {
  TRY(MountKernelFileSystems());
  TRY(OpenConsole());
  TRY(ramdisk::LoadModules("/modules"));
  ArmWatchdog();
  std::ifstream file("/proc/cmdline");
  const std::string command_line{std::istreambuf_iterator<char>(file), {}};
  const BootDisk disk = TRY(FindDisk(command_line));
  TRY(MountRoot(disk, command_line));
  TRY(MountPersistent(disk, kDataType, "/var"));
  mkdir("/root/var/lib", 0755);
  mkdir("/root/var/lib/updog", 0755);
  TRY(MountPersistent(disk, partitions::kPrivateType, "/var/lib/updog"));
  return HandOver(ramdisk::FindParameter(command_line, "init").value_or("/sbin/init"));
}

}  // namespace

int main() {
  const base::Result<> result = BringUp();
  Say(result.error().message());  // it only comes back if it failed
  Say("resetting");
  sync();
  sleep(2);  // lets a serial line drain
  reboot(RB_AUTOBOOT);
  return 1;
}
