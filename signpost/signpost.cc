#include "signpost/signpost.h"

#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <cerrno>

namespace signpost {
namespace {

using base::ErrorCode;
using base::Fail;
using partitions::KernelDisk;
using partitions::Layout;
using partitions::Partition;
using partitions::PartitionTable;
using partitions::SetPartitions;

// Our partitions on this disk, or why it is not one of ours. What the selector would make the best
// of is refused here: nobody should change the flags of a disk that is not what it seems.
base::Result<Layout> OurLayout(const PartitionTable& table, const std::string& disk) {
  const Layout layout = table.FindLayout();
  if (layout.surplus != 0)
    return Fail(ErrorCode::kUnsupported,
                fmt::format("{}: partition {} is one of its type too many", disk, layout.surplus));
  if (layout.a.empty() && layout.b.empty())
    return Fail(ErrorCode::kNotFound,
                fmt::format("{}: no partitions of the types boot, root and hash: not a disk of "
                            "this system",
                            disk));
  for (const auto slot : {Slot::kA, Slot::kB}) {
    if (!layout.set(slot).complete() && !(slot == Slot::kB && layout.b.empty()))
      return Fail(ErrorCode::kUnsupported,
                  fmt::format("{}: set {} lacks its boot, root or hash partition", disk,
                              partitions::SlotName(slot)));
  }
  if (layout.private_data == 0)
    return Fail(ErrorCode::kNotFound, fmt::format("{}: no private partition", disk));
  return layout;
}

// What the kernel makes of the disk: nothing where it is an image file.
base::Result<std::optional<KernelDisk>> FindKernelDisk(const std::string& disk,
                                                       const partitions::SystemView& system) {
  if (auto running = partitions::FindRunningDisk(system); running && running->disk.path == disk)
    return std::move(running->disk);
  struct stat status = {};
  if (stat(disk.c_str(), &status) != 0) return base::FailErrno(errno, disk);
  if (!S_ISBLK(status.st_mode)) return std::nullopt;
  return TRY(partitions::FindDisk(system, status.st_rdev));
}

// A partition's own node where the kernel made one, else its bounds on the disk. A kernel that has
// an older table in mind would lead writes into another partition.
base::Result<Extent> FindExtent(const Partition& partition, const std::string& disk,
                                const std::optional<KernelDisk>& kernel_disk) {
  if (!kernel_disk || kernel_disk->partitions.empty())
    return Extent{
        .path = disk, .offset_bytes = partition.offset_bytes, .size_bytes = partition.size_bytes};
  const auto node = std::ranges::find(kernel_disk->partitions, partition.number,
                                      &partitions::PartitionNode::number);
  if (node == kernel_disk->partitions.end() || node->start_bytes != partition.offset_bytes ||
      node->size_bytes != partition.size_bytes)
    return Fail(ErrorCode::kMismatch,
                fmt::format("{}: the kernel does not know partition {} as the partition table has "
                            "it (partprobe or a reboot makes it read the table again)",
                            disk, partition.number));
  return Extent{.path = node->path, .offset_bytes = 0, .size_bytes = partition.size_bytes};
}

BootFlags FlagsOf(const PartitionTable& table, const SetPartitions& set) {
  const Partition* boot = table.Find(set.boot);
  return boot == nullptr ? BootFlags{} : partitions::BootFlagsOf(boot->attributes);
}

base::Result<SetStatus> ReadSet(const PartitionTable& table, const SetPartitions& set,
                                const std::string& disk,
                                const std::optional<KernelDisk>& kernel_disk) {
  return SetStatus{.flags = FlagsOf(table, set),
                   .boot = TRY(FindExtent(*table.Find(set.boot), disk, kernel_disk)),
                   .root = TRY(FindExtent(*table.Find(set.root), disk, kernel_disk)),
                   .hash = TRY(FindExtent(*table.Find(set.hash), disk, kernel_disk))};
}

std::optional<Slot> NextOf(BootFlags a, BootFlags b) {
  switch (partitions::SelectSlot(a, b)) {
    case partitions::Selection::kA:
      return Slot::kA;
    case partitions::Selection::kB:
      return Slot::kB;
    case partitions::Selection::kNone:
      break;
  }
  return std::nullopt;
}

// The set whose root and hash partitions are those beneath the running root file system.
base::Result<Slot> RunningSlot(const Layout& layout, const partitions::RunningDisk& running) {
  for (const auto slot : {Slot::kA, Slot::kB}) {
    const SetPartitions& set = layout.set(slot);
    if (running.root_partitions ==
        std::vector{std::min(set.root, set.hash), std::max(set.root, set.hash)})
      return slot;
  }
  return Fail(ErrorCode::kNotFound,
              fmt::format("the running root file system is not on the root and hash partitions of "
                          "a set of {}",
                          running.disk.path));
}

base::Result<> CheckSetExists(const Layout& layout, Slot slot, const std::string& disk) {
  if (layout.set(slot).complete()) return {};
  return Fail(ErrorCode::kNotFound,
              fmt::format("{}: there is no set {}", disk, partitions::SlotName(slot)));
}

base::Result<Layout> ReadLayout(const std::string& disk) {
  return OurLayout(TRY(PartitionTable::Open(disk, partitions::Access::kRead)), disk);
}

// The running system's own disk, if it is the chosen one: then what runs is no matter of choice.
base::Result<> CheckAgainstRunning(const ChosenDisk& chosen, const Layout& layout,
                                   const std::optional<KernelDisk>& disk,
                                   const partitions::SystemView& system) {
  const auto running = partitions::FindRunningDisk(system);
  if (!disk || !running || running->disk.sysfs_dir != disk->sysfs_dir) return {};
  const Slot slot = TRY(RunningSlot(layout, *running));
  if (slot == chosen.active) return {};
  return Fail(
      ErrorCode::kMismatch,
      fmt::format("{}: the running system is on set {}, so set {} cannot be the active one",
                  chosen.path, partitions::SlotName(slot), partitions::SlotName(chosen.active)));
}

std::unexpected<base::Error> FailNoInactive(const std::string& disk) {
  return Fail(ErrorCode::kState,
              fmt::format("{}: there is no inactive set: the disk has one set only", disk));
}

}  // namespace

base::Result<Slot> ParseSlot(std::string_view text) {
  if (text == "a" || text == "A") return Slot::kA;
  if (text == "b" || text == "B") return Slot::kB;
  return Fail(ErrorCode::kUsage, fmt::format("'{}' is no set: a or b", text));
}

bool Status::running_on_trial() const {
  const SetStatus* running = set(active);
  return running == nullptr || !running->flags.successful;
}

base::Result<Signpost> Signpost::Open(std::optional<ChosenDisk> chosen,
                                      partitions::SystemView system) {
  if (chosen) {
    const std::optional<KernelDisk> disk = TRY(FindKernelDisk(chosen->path, system));
    const Layout layout = TRY(ReadLayout(chosen->path));
    TRY(CheckAgainstRunning(*chosen, layout, disk, system));
    TRY(CheckSetExists(layout, chosen->active, chosen->path));
    return Signpost(std::move(chosen->path), chosen->active, std::move(system));
  }
  const partitions::RunningDisk running = TRY(partitions::FindRunningDisk(system));
  const Slot active = TRY(RunningSlot(TRY(ReadLayout(running.disk.path)), running));
  return Signpost(running.disk.path, active, std::move(system));
}

base::Result<Status> Signpost::ReadStatus() const {
  const PartitionTable table = TRY(PartitionTable::Open(disk_, partitions::Access::kRead));
  const Layout layout = TRY(OurLayout(table, disk_));
  TRY(CheckSetExists(layout, active_, disk_));
  const std::optional<KernelDisk> kernel_disk = TRY(FindKernelDisk(disk_, system_));
  Status status = {.disk = disk_,
                   .active = active_,
                   .next = NextOf(FlagsOf(table, layout.a), FlagsOf(table, layout.b)),
                   .boot_ever_succeeded =
                       partitions::BootEverSucceeded(table.Find(layout.private_data)->attributes),
                   .a = TRY(ReadSet(table, layout.a, disk_, kernel_disk)),
                   .b = std::nullopt};
  if (layout.b.complete()) status.b = TRY(ReadSet(table, layout.b, disk_, kernel_disk));
  return status;
}

base::Result<SetStatus> Signpost::ReadInactive() const {
  const Status status = TRY(ReadStatus());
  const SetStatus* set = status.set(inactive());
  if (set == nullptr) return FailNoInactive(disk_);
  return *set;
}

base::Result<UpdateLock> Signpost::LockForUpdate() const {
  return UpdateLock(TRY(partitions::LockUpdate(disk_)));
}

// One transaction: the flags are read, judged and changed under one hold of the table lock. All
// other attribute bits stay as they are.
base::Result<> Signpost::Change(Needs needs, const Verb& verb) {
  PartitionTable table = TRY(PartitionTable::Open(disk_, partitions::Access::kChange));
  const Layout layout = TRY(OurLayout(table, disk_));
  TRY(CheckSetExists(layout, active_, disk_));
  const SetPartitions& active = layout.set(active_);
  const SetPartitions& inactive = layout.set(this->inactive());
  if (needs == Needs::kBothSets && !inactive.complete()) return FailNoInactive(disk_);

  const std::uint64_t private_attributes = table.Find(layout.private_data)->attributes;
  RoleFlags flags = {.active = FlagsOf(table, active),
                     .inactive = FlagsOf(table, inactive),
                     .boot_ever_succeeded = partitions::BootEverSucceeded(private_attributes)};
  TRY(verb(flags));

  const auto set_flags = [&table](std::uint32_t number, BootFlags wanted) {
    if (const Partition* boot = table.Find(number))
      table.SetAttributes(number, partitions::WithBootFlags(boot->attributes, wanted));
  };
  set_flags(active.boot, flags.active);
  set_flags(inactive.boot, flags.inactive);
  if (flags.boot_ever_succeeded)
    table.SetAttributes(layout.private_data, partitions::WithBootEverSucceeded(private_attributes));
  return table.Commit();
}

base::Result<> Signpost::ClearInactive(const UpdateLock& /*held*/) {
  return Change(Needs::kBothSets, signpost::ClearInactive);
}

base::Result<> Signpost::MarkInactiveValid(const UpdateLock& /*held*/, std::uint8_t tries) {
  return Change(Needs::kBothSets,
                [tries](RoleFlags& flags) { return signpost::MarkInactiveValid(flags, tries); });
}

base::Result<> Signpost::UpgradeToInactive(const UpdateLock& /*held*/) {
  return Change(Needs::kBothSets, signpost::UpgradeToInactive);
}

base::Result<> Signpost::CancelUpgrade(const UpdateLock& /*held*/) {
  return Change(Needs::kBothSets, signpost::CancelUpgrade);
}

base::Result<> Signpost::RollbackToInactive(const UpdateLock& /*held*/) {
  return Change(Needs::kBothSets, signpost::RollbackToInactive);
}

base::Result<> Signpost::MarkSuccessfulBoot() {
  return Change(Needs::kActive, signpost::MarkSuccessfulBoot);
}

base::Result<> Signpost::RewriteTable() {
  PartitionTable table = TRY(PartitionTable::Open(disk_, partitions::Access::kChange));
  TRY(OurLayout(table, disk_));
  return table.Commit(partitions::Rewrite::kAlways);
}

}  // namespace signpost
