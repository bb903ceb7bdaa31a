// What the help of tuftool shows: for the program the way from nothing to a repository that is
// looked after, for each verb how it is used.
#pragma once

namespace tough::tuftool {

constexpr const char* kExamples =
    R"(  tuftool root init root.json
  tuftool root expire root.json 'in 52 weeks'
  tuftool root gen-rsa-key root.json keys/root.pem --role root
  tuftool root gen-ed25519-key root.json keys/online.pem -r targets -r snapshot -r timestamp
  tuftool root sign root.json --key keys/root.pem
  tuftool create --root root.json --key keys/online.pem --add-targets images \
      --targets-expires 'in 12 weeks' --snapshot-expires 'in 12 weeks' \
      --timestamp-expires 'in 7 days' --outdir repository
  tuftool update --root root.json --key keys/online.pem --metadata-url repository/metadata \
      --timestamp-expires 'in 7 days' --outdir repository
  tuftool delegation add-role --delegated-role os --paths 'os/*' --new-key os.pub \
      --root root.json --metadata-url repository/metadata --key keys/online.pem --sign-all \
      --key keys/os.pem --expires 'in 12 weeks' --outdir repository
  tuftool inspect repository
  tuftool check-expirations --within '14 days' https://example.org/metadata
  tuftool download --root root.json --metadata-url https://example.org/metadata \
      --targets-url https://example.org/targets downloads
)";

constexpr const char* kExamplesOfVerbs =
    R"(  tuftool root set-threshold root.json root 2
  tuftool root set-version root.json 7
  tuftool root bump-version root.json                    # before what the next root.json changes
  tuftool root add-key root.json --key anna.pub --role root    # made by Anna, who keeps the rest
  tuftool root add-key root.json --key 'pkcs11:token=releases;object=root' --role root
  tuftool root remove-key root.json 4e777de0d275f9d28588dd9a1606cc748e548f9e22b6795b7cb3f63f98035fcb
  tuftool root gen-ecdsa-key root.json keys/targets.pem --curve p384 --encrypt --role targets
  tuftool root sign 2.root.json --key anna.pem --cross-sign 1.root.json --ignore-threshold
  tuftool root show 2.root.json --cross-sign 1.root.json    # who is still to sign, what changes
  tuftool update --root root.json --key keys/online.pem --metadata-url repository/metadata \
      --add-targets more-images --remove-target old.img --outdir repository
  tuftool update --root 1.root.json --root 2.root.json --key keys/online.pem \
      --key keys/new-online.pem --metadata-url repository/metadata --outdir repository
  tuftool update --root root.json --key keys/online.pem --metadata-url repository/metadata \
      --role os --incoming-metadata handed-over/metadata --outdir repository
  tuftool download --root root.json --metadata-url https://example.org/metadata \
      --targets-url https://example.org/targets --target-name manifest.json downloads
  tuftool clone --root root.json --metadata-url https://example.org/metadata \
      --targets-url https://example.org/targets --metadata-dir copy/metadata \
      --targets-dir copy/targets
  tuftool transfer-metadata --current-root old.json --new-root new.json --key new.pem \
      --metadata-url https://example.org/metadata --outdir repository
  tuftool inspect https://example.org/metadata --root root.json --json
  tuftool delegation --signing-role os create-role --key keys/os.pem --expires 'in 12 weeks' \
      --outdir handed-over
  tuftool delegation add-bins --name-prefix bin --bit-length 8 --new-key bins.pub \
      --root root.json --metadata-url repository/metadata --key keys/online.pem --sign-all \
      --key keys/bins.pem --expires 'in 12 weeks' --outdir repository
  tuftool delegation remove-role --delegated-role os --root root.json --key keys/online.pem \
      --metadata-url repository/metadata --sign-all --outdir repository
  tuftool delegation add-key --delegated-role os --new-key anna.pub --root root.json \
      --metadata-url repository/metadata --key keys/online.pem --sign-all --outdir repository
  tuftool delegation remove-key --delegated-role os \
      --keyid 4e777de0d275f9d28588dd9a1606cc748e548f9e22b6795b7cb3f63f98035fcb \
      --root root.json --metadata-url repository/metadata --key keys/online.pem --sign-all \
      --key anna.pem --outdir repository
  tuftool delegation set-threshold --delegated-role os --threshold 2 --root root.json \
      --metadata-url repository/metadata --key keys/online.pem --outdir handed-over
  tuftool delegation sign-role handed-over/metadata/os.json --key anna.pem
  tuftool delegation update-delegated-targets --role os --add-targets images --root root.json \
      --metadata-url repository/metadata --key keys/os.pem --key keys/online.pem --sign-all \
      --outdir repository
)";

}  // namespace tough::tuftool
