// The socket that the server listens on: made here, or handed over by systemd (sd_listen_fds(3),
// without its library).
#pragma once

#include <sys/types.h>

#include <optional>
#include <string>
#include <string_view>

#include "base/fd.h"
#include "base/result.h"

namespace api {

constexpr std::string_view kDefaultSocketPath = "/run/api.sock";

// A Unix socket at `path`, mode 0660, of `group` where that is given. It takes the path's place
// only when mode and owner are set, so that nobody connects before. A socket that a killed server
// left behind is replaced; kBusy if a server answers on it, kUsage if something else lies there.
base::Result<base::UniqueFd> MakeListener(const std::string& path, std::optional<gid_t> group);

// The socket that systemd opened before it started this process: exactly one, of the right kind.
// `pid` and `count` are LISTEN_PID and LISTEN_FDS; nothing if they are empty or not for us.
base::Result<std::optional<base::UniqueFd>> TakeListener(std::string_view pid,
                                                         std::string_view count);

}  // namespace api
