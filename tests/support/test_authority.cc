#include "tests/support/test_authority.h"

#include <gtest/gtest.h>

#include <utility>
#include <vector>

#include "tests/support/process.h"

namespace test {
namespace {

void MakeCertificate(const std::string& certificate, const std::string& key,
                     const std::string& common_name, std::vector<std::string> more) {
  std::vector<std::string> arguments = {
      "req",    "-x509", "-newkey",  "ec",    "-pkeyopt",           "ec_paramgen_curve:P-256",
      "-nodes", "-days", "3650",     "-subj", "/CN=" + common_name, "-keyout",
      key,      "-out",  certificate};
  arguments.insert(arguments.end(), more.begin(), more.end());
  const ProcessResult result =
      RunProcess({.program = "openssl", .arguments = std::move(arguments)});
  EXPECT_EQ(result.exit_status, 0) << result.errors;
}

}  // namespace

TestAuthority::TestAuthority() {
  MakeCertificate(certificate(), directory_ / "ca.key", "test authority",
                  {"-addext", "keyUsage=critical,keyCertSign"});
}

TestAuthority::Files TestAuthority::Issue(const std::string& name) const {
  Files files{.certificate = directory_ / (name + ".pem"), .key = directory_ / (name + ".key")};
  MakeCertificate(files.certificate, files.key, name,
                  {"-CA", certificate(), "-CAkey", directory_ / "ca.key", "-addext",
                   "subjectAltName=IP:127.0.0.1", "-addext", "basicConstraints=critical,CA:FALSE"});
  return files;
}

}  // namespace test
