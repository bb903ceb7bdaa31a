#include "boot/selector/start.h"

#include "boot/boot_log.h"
#include "boot/selector/text.h"
#include "partitions/boot_flags.h"
#include "partitions/layout.h"
#include "partitions/slot_selection.h"

namespace selector {
namespace {

using partitions::BootFlags;
using partitions::Copies;
using partitions::Guid;
using partitions::Selection;
using partitions::Slot;
using partitions::SlotName;
using partitions::TableStatus;
using partitions::TableTransaction;

// One of the two sets, as far as this boot is concerned.
struct Candidate {
  uint32_t boot_number = 0;  // of the partition that carries the flags; 0: there is none
  Guid boot_partition;
  // Cleared for a set that is not there or is out for this boot: the selection then passes it over.
  BootFlags flags;
};

struct Candidates {
  Candidate a;
  Candidate b;

  Candidate& of(Slot slot) { return slot == Slot::kA ? a : b; }
};

const char* Describe(TableStatus status) {
  switch (status) {
    case TableStatus::kOk:
      return "good";
    case TableStatus::kUnsupportedGeometry:
      return "the disk's sectors are of an unknown size";
    case TableStatus::kNoTable:
      return "neither copy of the partition table is valid";
    case TableStatus::kNoRoom:
      return "the damaged copy of the partition table has no place of its own";
    case TableStatus::kWriteFailed:
      return "the disk does not take writes";
    case TableStatus::kFlushFailed:
      return "the disk does not flush";
  }
  return "unknown";
}

partitions::Layout ReadLayout(const TableTransaction& table) {
  partitions::Layout layout;
  for (uint32_t index = 0; index < table.entry_count(); ++index) {
    const partitions::GptEntry entry = table.entry(index);
    if (entry.used()) layout.Add(entry.type, index + 1);
  }
  return layout;
}

Candidate ReadCandidate(const TableTransaction& table, uint32_t boot_number) {
  if (boot_number == 0) return {};
  const partitions::GptEntry entry = table.entry(boot_number - 1);
  return {.boot_number = boot_number,
          .boot_partition = entry.unique,
          .flags = partitions::BootFlagsOf(entry.attributes)};
}

void SayTries(Line& line, uint8_t tries) {
  line.AddNumber(tries).Add(tries == 1 ? " try left" : " tries left");
}

void SayCandidate(Firmware& firmware, Slot slot, const Candidate& candidate) {
  Line line("set ");
  line.Add(SlotName(slot)).Add(": ");
  if (candidate.boot_number == 0) {
    line.Add("not on this disk");
  } else if (candidate.flags == BootFlags{}) {
    line.Add("cleared");
  } else {
    line.Add("priority ").AddNumber(candidate.flags.priority).Add(", ");
    SayTries(line, candidate.flags.tries_left);
    line.Add(candidate.flags.successful ? ", successful" : ", never successful");
  }
  firmware.Say(line.c_str());
}

// Why the selection fell on the first and not on the second.
const char* Explain(BootFlags chosen, BootFlags other) {
  if (!partitions::WillBoot(other)) return "the only one that will boot";
  if (chosen.tries_left > 0 && other.tries_left == 0) return "the only one with tries left";
  if (chosen.priority > other.priority) return "the higher priority";
  return "equal priority, A goes first";
}

// Takes one try off the set, on the disk and flushed.
TableStatus TakeTry(Firmware& firmware, partitions::TableStorage& storage,
                    const Candidate& candidate) {
  TableTransaction table(firmware.Disk(), storage);
  const TableStatus status = table.Load();
  if (status != TableStatus::kOk) return status;
  const uint32_t index = candidate.boot_number - 1;
  const uint64_t attributes = table.entry(index).attributes;
  const BootFlags flags = partitions::TakeTry(partitions::BootFlagsOf(attributes));
  table.SetAttributes(index, partitions::WithBootFlags(attributes, flags));
  return table.Commit();
}

// Comes back only if the set could not be started, with the reason.
Outcome StartSet(Firmware& firmware, partitions::TableStorage& storage, Slot slot,
                 const Candidate& candidate) {
  const TableStatus taken = TakeTry(firmware, storage, candidate);
  if (taken != TableStatus::kOk) {
    Line line("no try could be taken: ");
    line.Add(Describe(taken));
    if (!candidate.flags.successful) return Outcome::Failed(line);
    firmware.Say(line.c_str());
  }
  const Outcome loaded = firmware.Load(candidate.boot_partition);
  if (loaded.failed()) return loaded;

  firmware.Say(Line(boot::kStarting).Add(SlotName(slot)).c_str());
  return firmware.Start();
}

// Reads the table, and repairs it as far as that can be done.
TableStatus ReadTable(Firmware& firmware, partitions::TableStorage& storage,
                      Candidates& candidates) {
  TableTransaction table(firmware.Disk(), storage);
  const TableStatus status = table.Load();
  if (status != TableStatus::kOk) return status;
  const partitions::Layout layout = ReadLayout(table);
  candidates.a = ReadCandidate(table, layout.a.boot);
  candidates.b = ReadCandidate(table, layout.b.boot);
  if (table.copies() == Copies::kAgree) return status;

  firmware.Say(table.copies() == Copies::kPrimaryInvalid
                   ? "the primary partition table is damaged, the backup counts"
                   : "the backup partition table is damaged or differs, the primary counts");
  const TableStatus repaired = table.Commit();
  firmware.Say(repaired == TableStatus::kOk
                   ? "the partition table is repaired"
                   : Line("the partition table is not repaired: ").Add(Describe(repaired)).c_str());
  return status;
}

}  // namespace

void StartASet(Firmware& firmware, partitions::TableStorage& storage) {
  Candidates candidates;
  const TableStatus status = ReadTable(firmware, storage, candidates);
  if (status != TableStatus::kOk) return firmware.Say(Describe(status));
  SayCandidate(firmware, Slot::kA, candidates.a);
  SayCandidate(firmware, Slot::kB, candidates.b);

  for (;;) {
    const Selection selection = partitions::SelectSlot(candidates.a.flags, candidates.b.flags);
    if (selection == Selection::kNone) return firmware.Say("no set will boot");
    const Slot slot = selection == Selection::kA ? Slot::kA : Slot::kB;
    Candidate& chosen = candidates.of(slot);
    firmware.Say(Line("choosing ")
                     .Add(SlotName(slot))
                     .Add(": ")
                     .Add(Explain(chosen.flags, candidates.of(Other(slot)).flags))
                     .c_str());
    const Outcome outcome = StartSet(firmware, storage, slot, chosen);
    firmware.Say(
        Line(boot::kCannotStart).Add(SlotName(slot)).Add(": ").Add(outcome.reason()).c_str());
    chosen.flags = {};
  }
}

}  // namespace selector
