// The part of the UEFI interface that the selector uses, written from the UEFI Specification 2.10.
//
// Field order and sizes are the specification's (the chapter stands beside each structure); members
// that are never called are plain pointers, and structures end after the last member that is used.
// Names are ours: the specification's, in this project's style. Calls follow the firmware's calling
// convention, which is the default of the *-unknown-windows targets.
#pragma once

#include <stddef.h>
#include <stdint.h>

namespace efi {

using Status = uintptr_t;
using Handle = void*;
using Event = void*;
using Char16 = char16_t;
using PhysicalAddress = uint64_t;

constexpr Status kErrorBit = Status{1} << (sizeof(Status) * 8 - 1);
constexpr Status kSuccess = 0;
constexpr Status kUnsupported = kErrorBit | 3;
constexpr Status kInvalidParameter = kErrorBit | 2;
constexpr Status kBufferTooSmall = kErrorBit | 5;

constexpr bool IsError(Status status) {
  return (status & kErrorBit) != 0;
}

// Appendix A: the first three fields are little-endian numbers.
struct Guid {
  uint32_t data1;
  uint16_t data2;
  uint16_t data3;
  uint8_t data4[8];
};

// 4.2
struct TableHeader {
  uint64_t signature;
  uint32_t revision;
  uint32_t header_size;
  uint32_t crc32;
  uint32_t reserved;
};

// 10.2: a packed list of nodes, ended by an end node.
struct DevicePath {
  uint8_t type;
  uint8_t subtype;
  uint8_t length[2];  // little-endian, the header's four bytes included
};

// 12.4
struct TextOutput {
  void* reset;
  Status (*output_string)(TextOutput* self, const Char16* text);
};

// 13.4
struct FileInfo {
  uint64_t size;  // of this structure and the name behind it
  uint64_t file_size;
  uint64_t physical_size;
  uint8_t times[3 * 16];
  uint64_t attribute;
  Char16 file_name[1];
};
constexpr Guid kFileInfoGuid = {
    0x09576e92, 0x6d3f, 0x11d2, {0x8e, 0x39, 0x00, 0xa0, 0xc9, 0x69, 0x72, 0x3b}};

// 13.5
constexpr uint64_t kFileModeRead = 1;
struct File {
  uint64_t revision;
  Status (*open)(File* self, File** opened, const Char16* name, uint64_t mode, uint64_t attributes);
  Status (*close)(File* self);
  void* delete_file;
  Status (*read)(File* self, uintptr_t* size_bytes, void* buffer);
  void* write;
  void* get_position;
  void* set_position;
  Status (*get_info)(File* self, const Guid* type, uintptr_t* size_bytes, void* buffer);
};

// 13.4
struct SimpleFileSystem {
  uint64_t revision;
  Status (*open_volume)(SimpleFileSystem* self, File** root);
};
constexpr Guid kSimpleFileSystemGuid = {
    0x964e5b22, 0x6459, 0x11d2, {0x8e, 0x39, 0x00, 0xa0, 0xc9, 0x69, 0x72, 0x3b}};

// 13.9
struct BlockIoMedia {
  uint32_t media_id;
  bool removable_media;
  bool media_present;
  bool logical_partition;
  bool read_only;
  bool write_caching;
  uint32_t block_size;
  uint32_t io_align;  // 0 and 1: any address
  uint64_t last_block;
};
struct BlockIo {
  uint64_t revision;
  BlockIoMedia* media;
  void* reset;
  Status (*read_blocks)(BlockIo* self, uint32_t media_id, uint64_t block, uintptr_t size_bytes,
                        void* buffer);
  Status (*write_blocks)(BlockIo* self, uint32_t media_id, uint64_t block, uintptr_t size_bytes,
                         const void* buffer);
  Status (*flush_blocks)(BlockIo* self);
};
constexpr Guid kBlockIoGuid = {
    0x964e5b21, 0x6459, 0x11d2, {0x8e, 0x39, 0x00, 0xa0, 0xc9, 0x69, 0x72, 0x3b}};

// 13.2
struct LoadFile2 {
  Status (*load_file)(LoadFile2* self, const DevicePath* file_path, bool boot_policy,
                      uintptr_t* size_bytes, void* buffer);
};
constexpr Guid kLoadFile2Guid = {
    0x4006c0c1, 0xfcb3, 0x403e, {0x99, 0x6d, 0x4a, 0x6c, 0x87, 0x24, 0xe0, 0x6d}};

constexpr Guid kDevicePathGuid = {
    0x09576e91, 0x6d3f, 0x11d2, {0x8e, 0x39, 0x00, 0xa0, 0xc9, 0x69, 0x72, 0x3b}};

struct SystemTable;

// 9.1
struct LoadedImage {
  uint32_t revision;
  Handle parent_handle;
  SystemTable* system_table;
  Handle device_handle;
  DevicePath* file_path;
  void* reserved;
  uint32_t load_options_size;  // in bytes
  void* load_options;
};
constexpr Guid kLoadedImageGuid = {
    0x5b1b31a1, 0x9562, 0x11d2, {0x8e, 0x3f, 0x00, 0xa0, 0xc9, 0x69, 0x72, 0x3b}};

enum class MemoryType : uint32_t { kLoaderCode = 1, kLoaderData = 2 };
enum class InterfaceType : uint32_t { kNative = 0 };
enum class SearchType : uint32_t { kAllHandles = 0, kByRegisterNotify = 1, kByProtocol = 2 };

// 4.4, chapter 7
struct BootServices {
  TableHeader header;
  // Task priority
  void* raise_tpl;
  void* restore_tpl;
  // Memory
  void* allocate_pages;
  void* free_pages;
  void* get_memory_map;
  Status (*allocate_pool)(MemoryType type, uintptr_t size_bytes, void** buffer);
  Status (*free_pool)(void* buffer);
  // Events and timers
  void* create_event;
  void* set_timer;
  void* wait_for_event;
  void* signal_event;
  void* close_event;
  void* check_event;
  // Protocol handlers
  Status (*install_protocol_interface)(Handle* handle, const Guid* protocol, InterfaceType type,
                                       void* instance);
  void* reinstall_protocol_interface;
  Status (*uninstall_protocol_interface)(Handle handle, const Guid* protocol, void* instance);
  Status (*handle_protocol)(Handle handle, const Guid* protocol, void** instance);
  void* reserved;
  void* register_protocol_notify;
  Status (*locate_handle)(SearchType type, const Guid* protocol, void* key, uintptr_t* size_bytes,
                          Handle* buffer);
  Status (*locate_device_path)(const Guid* protocol, DevicePath** path, Handle* device);
  void* install_configuration_table;
  // Images
  Status (*load_image)(bool boot_policy, Handle parent, const DevicePath* path, const void* source,
                       uintptr_t source_size_bytes, Handle* image);
  Status (*start_image)(Handle image, uintptr_t* exit_data_size, Char16** exit_data);
  void* exit;
  Status (*unload_image)(Handle image);
  void* exit_boot_services;
  // Miscellaneous
  void* get_next_monotonic_count;
  Status (*stall)(uintptr_t microseconds);
  Status (*set_watchdog_timer)(uintptr_t seconds, uint64_t code, uintptr_t data_size,
                               const Char16* data);
  // Drivers
  Status (*connect_controller)(Handle controller, Handle* drivers, const DevicePath* remaining,
                               bool recursive);
  void* disconnect_controller;
  // Open and close protocol
  void* open_protocol;
  void* close_protocol;
  void* open_protocol_information;
  // Library services
  void* protocols_per_handle;
  void* locate_handle_buffer;
  void* locate_protocol;
  void* install_multiple_protocol_interfaces;
  void* uninstall_multiple_protocol_interfaces;
  // 32-bit CRC
  Status (*calculate_crc32)(const void* data, uintptr_t size_bytes, uint32_t* crc32);
  void (*copy_memory)(void* to, const void* from, uintptr_t size_bytes);
};
static_assert(offsetof(BootServices, copy_memory) == 352);

enum class ResetType : uint32_t { kCold = 0, kWarm = 1 };
constexpr uint32_t kVariableBootServiceAccess = 2;
constexpr uint32_t kVariableRuntimeAccess = 4;

// 4.5, chapter 8
struct RuntimeServices {
  TableHeader header;
  // Time
  void* get_time;
  void* set_time;
  void* get_wakeup_time;
  void* set_wakeup_time;
  // Virtual memory
  void* set_virtual_address_map;
  void* convert_pointer;
  // Variables
  void* get_variable;
  void* get_next_variable_name;
  Status (*set_variable)(const Char16* name, const Guid* vendor, uint32_t attributes,
                         uintptr_t size_bytes, const void* data);
  // Miscellaneous
  void* get_next_high_monotonic_count;
  void (*reset_system)(ResetType type, Status status, uintptr_t data_size, const void* data);
};
static_assert(offsetof(RuntimeServices, reset_system) == 104);

// 4.3
struct SystemTable {
  TableHeader header;
  Char16* firmware_vendor;
  uint32_t firmware_revision;
  Handle console_in_handle;
  void* console_in;
  Handle console_out_handle;
  TextOutput* console_out;
  Handle standard_error_handle;
  TextOutput* standard_error;
  RuntimeServices* runtime_services;
  BootServices* boot_services;
};

}  // namespace efi
