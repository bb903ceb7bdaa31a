// All that the boot selector takes from partitions/, in one translation unit: compiled by a test
// the way firmware is.
#include "partitions/gpt.cc"              // NOLINT(bugprone-suspicious-include): see above
#include "partitions/gpt_transaction.cc"  // NOLINT(bugprone-suspicious-include): see above
#include "partitions/layout.h"
#include "partitions/slot_selection.h"
