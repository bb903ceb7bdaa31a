// A program in memory that nobody can change any more: not this process, not another one, not a
// disk that lies.
#pragma once

#include <string>

#include "base/fd.h"
#include "base/result.h"
#include "updog/saved_migrations.h"

namespace api {

class SealedProgram {
 public:
  // Reads the named migration, verified, decompressed where its name ends in .zst or .lz4.
  // kTooLarge beyond 64 MiB.
  static base::Result<SealedProgram> Load(updog::SavedMigrations& saved, const std::string& name);

  const std::string& name() const { return name_; }
  // What a child process of this one can execute, as long as this object lives. An ELF program: an
  // interpreter could not open it.
  std::string path() const;

 private:
  SealedProgram(std::string name, base::UniqueFd fd) : name_(std::move(name)), fd_(std::move(fd)) {}
  std::string name_;
  base::UniqueFd fd_;
};

}  // namespace api
