// The part of the transport that is no network: file URLs.
#pragma once

#include "base/result.h"
#include "base/sink.h"
#include "tough/transport.h"

namespace tough {

// As Transport::Fetch(), for a file:///PATH. kNotFound: no such file; kMismatch: not a regular
// file.
base::Result<> FetchFile(const FetchRequest& request, base::ByteSink& out);

}  // namespace tough
