// A certificate authority of a test's own, made with the openssl program: for servers on 127.0.0.1
// and for clients.
#pragma once

#include <string>

#include "tests/support/temp_dir.h"

namespace test {

class TestAuthority {
 public:
  TestAuthority();

  struct Files {
    std::string certificate;
    std::string key;
  };
  // A new key with a certificate for the address 127.0.0.1.
  Files Issue(const std::string& name) const;
  std::string certificate() const { return directory_ / "ca.pem"; }

 private:
  TempDir directory_;
};

}  // namespace test
