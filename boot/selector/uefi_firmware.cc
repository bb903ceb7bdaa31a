#include "boot/selector/uefi_firmware.h"

namespace selector {
namespace {

constexpr uintptr_t kMicrosecondsPerSecond = 1'000'000;
// Long enough to read the console, short enough for a machine that nobody watches.
constexpr uintptr_t kSecondsBeforeReset = 10;

efi::Guid ToEfi(const partitions::Guid& guid) {
  efi::Guid result = {};
  static_assert(sizeof(result) == sizeof(guid.bytes));
  // Stored alike: UEFI's processors are little-endian.
  __builtin_memcpy(&result, guid.bytes, sizeof(result));
  return result;
}

}  // namespace

UefiFirmware::UefiFirmware(efi::Handle image, efi::SystemTable& system)
    : image_(image),
      system_(system),
      services_(*system.boot_services),
      disk_(services_),
      command_line_(services_),
      ram_disk_bytes_(services_),
      ram_disk_(services_) {}

Outcome UefiFirmware::Open() {
  void* found = nullptr;
  if (efi::IsError(services_.handle_protocol(image_, &efi::kLoadedImageGuid, &found))) {
    return Outcome::Failed("the firmware does not say where the selector was loaded from");
  }
  return disk_.Open(static_cast<const efi::LoadedImage*>(found)->device_handle);
}

void UefiFirmware::Say(const char* line) {
  log_.Add(line).Add('\n');
  // In pieces, so that no line has to fit into a buffer of UTF-16.
  auto print = [this](const char* text) {
    for (; *text != '\0'; ++text) {
      const char16_t piece[2] = {static_cast<char16_t>(*text), u'\0'};
      system_.console_out->output_string(system_.console_out, piece);
    }
  };
  print("updog boot: ");
  print(line);
  print("\r\n");
}

void UefiFirmware::Unload() {
  if (kernel_image_ != nullptr) services_.unload_image(kernel_image_);
  kernel_image_ = nullptr;
  ram_disk_.Withdraw();
  ram_disk_bytes_.Free();
}

Outcome UefiFirmware::Load(const partitions::Guid& boot_partition) {
  Unload();
  const efi::Handle partition = disk_.FindPartition(boot_partition);
  if (partition == nullptr) return Outcome::Failed("the firmware does not show its boot partition");
  Volume volume(services_);
  const Outcome opened = volume.Open(partition);
  if (opened.failed()) return opened;

  const Outcome command_line = LoadCommandLine(volume, boot_partition);
  if (command_line.failed()) return command_line;
  const Outcome ram_disk = volume.Read("ramdisk", ram_disk_bytes_);
  if (ram_disk.failed()) return ram_disk;
  const Outcome offered =
      ram_disk_.Offer(ram_disk_bytes_.As<const void>(), ram_disk_bytes_.size_bytes());
  if (offered.failed()) return offered;
  return LoadKernel(volume);
}

Outcome UefiFirmware::LoadCommandLine(Volume& volume, const partitions::Guid& boot_partition) {
  Pool file(services_);
  const Outcome read = volume.Read("cmdline", file);
  if (read.failed()) return read;
  if (!command_line_.Allocate(sizeof(CommandLine))) return Outcome::Failed("no memory left");
  char digits[partitions::kGuidTextChars];
  partitions::WriteGuid(boot_partition, digits);
  Text<partitions::kGuidTextChars + 1> partuuid;
  for (const char digit : digits) partuuid.Add(digit);
  return MakeCommandLine(file.As<const char>(), file.size_bytes(), partuuid.c_str(),
                         *command_line_.As<CommandLine>());
}

Outcome UefiFirmware::LoadKernel(Volume& volume) {
  Pool file(services_);
  const Outcome read = volume.Read("vmlinuz", file);
  if (read.failed()) return read;
  // From memory, not by path: what was summed is what is started. The firmware makes its own copy.
  if (efi::IsError(services_.load_image(false, image_, nullptr, file.As<const void>(),
                                        file.size_bytes(), &kernel_image_))) {
    kernel_image_ = nullptr;
    return Outcome::Failed("vmlinuz: the firmware does not take it for a program");
  }
  void* found = nullptr;
  if (efi::IsError(services_.handle_protocol(kernel_image_, &efi::kLoadedImageGuid, &found))) {
    return Outcome::Failed("vmlinuz: the firmware lost it");
  }
  auto* const loaded = static_cast<efi::LoadedImage*>(found);
  auto* const command_line = command_line_.As<CommandLine>();
  loaded->load_options = command_line->text;
  loaded->load_options_size = static_cast<uint32_t>((command_line->length + 1) * sizeof(char16_t));
  return Outcome::Done();
}

Outcome UefiFirmware::Start() {
  PublishLog();
  uintptr_t exit_data_size = 0;
  char16_t* exit_data = nullptr;
  const efi::Status status = services_.start_image(kernel_image_, &exit_data_size, &exit_data);
  kernel_image_ = nullptr;  // an application that came back is unloaded already (UEFI 7.4)
  Unload();
  return Outcome::Failed(Line("the kernel came back with status ").AddNumber(status & 0xffff));
}

void UefiFirmware::PublishLog() {
  char16_t name[sizeof(boot::kBootLogName)] = {};
  for (size_t i = 0; i < sizeof(boot::kBootLogName); ++i) {
    name[i] = static_cast<char16_t>(boot::kBootLogName[i]);
  }
  const efi::Guid vendor = ToEfi(partitions::GuidOf(boot::kBootLogGuid));
  // Volatile: true for this boot only. A firmware without room for it is no reason not to start.
  system_.runtime_services->set_variable(
      name, &vendor, efi::kVariableBootServiceAccess | efi::kVariableRuntimeAccess, log_.size(),
      log_.c_str());
}

void UefiFirmware::Reset() {
  Say("resetting in 10 seconds");
  services_.stall(kSecondsBeforeReset * kMicrosecondsPerSecond);
  system_.runtime_services->reset_system(efi::ResetType::kCold, efi::kSuccess, 0, nullptr);
  for (;;) services_.stall(kMicrosecondsPerSecond);
}

}  // namespace selector
