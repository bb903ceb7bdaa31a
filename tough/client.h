// The TUF client: from a trusted root, a repository's URL and a cache directory to verified
// targets.
//
// It holds the sequence of the workflow (TUF 5) together: asks the transport for exactly the files
// that the workflow needs, in its order, each under a cap; lets the trusted set decide; and stores
// a file only after the decision. The root given to Open() anchors every run (R32); what lies in
// the cache is verified again before it counts for anything, and what does not verify counts as
// absent.
//
// One Client per metadata directory at a time, over all processes (it holds the directory's lock).
// Not thread-safe. Time comes as a parameter: one reading for a refresh (R2), and a fresh one for
// each download, before which the expiry of every role that it rests on is checked again (R72).
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/sink.h"
#include "base/time.h"
#include "tough/limits.h"
#include "tough/transport.h"

namespace tough {

struct TargetFile;  // tough/schema.h

// Whether a target is asked for as "dir/HASH.basename" where the root says consistent_snapshot.
enum class HashPrefix : std::uint8_t { kAdd, kOmit };

struct ClientOptions {
  std::string metadata_base_url;
  std::string targets_base_url;
  // Further base URLs of the same repository. A mirror that fails, or that serves what does not
  // verify, is passed over, and asked last from then on; that one has no newer root does not hide
  // another's.
  std::vector<std::string> metadata_mirrors;
  std::vector<std::string> targets_mirrors;
  std::string metadata_dir;  // made if absent; its parents too
  Limits limits;
  HashPrefix hash_prefix = HashPrefix::kAdd;
};

class Client {
 public:
  // Verifies `trusted_root` (the bytes of a root.json), though not its expiry (R21), and takes the
  // directory's lock. Makes no request. `transport` outlives the client.
  //   kBusy       another process uses metadata_dir
  //   kMalformed, kUntrusted, kUnsupported   the trusted root is none
  static base::Result<Client> Open(std::string_view trusted_root, ClientOptions options,
                                   Transport& transport);
  Client(Client&&) noexcept;
  Client& operator=(Client&&) noexcept;
  ~Client();

  // TUF 5.1 to 5.6 for the four top-level roles. After an error the client is what it was before:
  // what an earlier refresh had verified stays in use until it expires, and the cache holds nothing
  // that would make a later refresh fail (R1).
  //   kExpired    metadata past its expiry at `now`, or `now` lies behind the last known time
  //   kRollback, kMismatch, kUntrusted, kMalformed, kTooLarge, kNetwork, kNotFound, kNoSpace, …
  base::Result<> Refresh(base::Time now);

  // What the last refresh left in the cache, verified again by the same rules; makes no request and
  // writes nothing. kNotFound if a file is missing; kExpired: Time::min() for a caller to whom
  // expiry does not matter. Until the next Refresh() targets are looked up in the cache alone.
  base::Result<> LoadOffline(base::Time now);

  // What the verified metadata says of a target. Asks for those delegated roles that the search
  // needs and the cache lacks (TUF 5.6.7); their expiry is compared with the refresh's time.
  //   kNotFound   none of the roles that speak for the name lists it (R67)
  //   kTooLarge   more delegated roles than Limits allow would have to be asked
  //   kState      before the first successful refresh
  //   others      the metadata of a role that is needed cannot be had or verified (R57)
  base::Result<TargetFile> FindTarget(std::string_view name);
  // The same, with the expiry of every role that it rests on compared with `now`, as a download
  // does.
  base::Result<TargetFile> FindTarget(std::string_view name, base::Time now);

  // Streams the target into `sink`, and calls sink.Finish() after its length and every known hash
  // have been found right, and only then: nobody can use the bytes and skip the check. On any error
  // Finish() was not called. An error of the sink comes back unchanged. Where a mirror breaks off,
  // the next one goes on; but wrong bytes show at the end only, and are kMismatch.
  //   as FindTarget(); kExpired: a role that the target rests on has expired by `now` (R72)
  //   kMismatch, kTooLarge    another length or hash than listed; more bytes
  //   kNetwork, kNotFound     no mirror has it
  //   kUnsupported            no listed hash is of an algorithm that we know (R70)
  //   kMalformed              the name would be another folder's in a URL, or a listed hash is none
  base::Result<> Download(std::string_view name, base::Time now, base::ByteSink& sink);

  // A small target in memory: kTooLarge, before anything is asked for, if its signed length is
  // above `max_bytes`.
  base::Result<std::string> Fetch(std::string_view name, std::uint64_t max_bytes, base::Time now);

  // Downloads into `directory`/NAME, directories of NAME being made as needed. The file appears
  // under its name whole and verified, or not at all (R71), and never outside of `directory`,
  // whatever NAME and the links on the way say. A file that is there with the right length and
  // hashes is not asked for again. Errors as of Download(); kMalformed: a name that no file there
  // can have (target_name.h); kNoSpace, kPermission and others of the file system.
  base::Result<> Save(std::string_view name, const std::string& directory, base::Time now);

 private:
  struct State;
  explicit Client(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace tough
