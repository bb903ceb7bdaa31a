// Keys and signatures made by the openssl program (3.0), and published vectors. The private keys
// are for tests only: everybody has them.
#pragma once

#include <string_view>

namespace tough::vectors {

// What every signature below without a message of its own is over.
inline constexpr std::string_view kMessage = "a message";

inline constexpr std::string_view kRsa2048 =
    "-----BEGIN PUBLIC KEY-----\n"
    "MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEAn12cOuOCuI087Rwy+cMP\n"
    "simBhMpgJNFZx2PSJEisLs+bhoJAVBlsJSSLryczWcVbwgOPWukB+FnjK3wv6f45\n"
    "bAebUSfFitUBKcfXQI58wDbCmM+AE83wgd6XpdSuV8nWuAodHjd+TpL17EjUOEVj\n"
    "l95oNyNGYgvozfdwjsKczVZgcRE3fqyclHgzhpqw3X3HLZVLh2TCA/GhDKShqLx/\n"
    "gbvGX8p0XlpWsM05GsSIrzt65ObxdOb3quVSlXPG1qzl061JdX3kE/83opOWiz9/\n"
    "Grdw+O3vFhWma3VKSgMKlQVLMr8SbWGMdHwAU/G3aevuwgaRXkoOnLkmcLSLuvvh\n"
    "JwIDAQAB\n"
    "-----END PUBLIC KEY-----\n";
inline constexpr std::string_view kRsa2048Pkcs1Public =
    "-----BEGIN RSA PUBLIC KEY-----\n"
    "MIIBCgKCAQEAn12cOuOCuI087Rwy+cMPsimBhMpgJNFZx2PSJEisLs+bhoJAVBls\n"
    "JSSLryczWcVbwgOPWukB+FnjK3wv6f45bAebUSfFitUBKcfXQI58wDbCmM+AE83w\n"
    "gd6XpdSuV8nWuAodHjd+TpL17EjUOEVjl95oNyNGYgvozfdwjsKczVZgcRE3fqyc\n"
    "lHgzhpqw3X3HLZVLh2TCA/GhDKShqLx/gbvGX8p0XlpWsM05GsSIrzt65ObxdOb3\n"
    "quVSlXPG1qzl061JdX3kE/83opOWiz9/Grdw+O3vFhWma3VKSgMKlQVLMr8SbWGM\n"
    "dHwAU/G3aevuwgaRXkoOnLkmcLSLuvvhJwIDAQAB\n"
    "-----END RSA PUBLIC KEY-----\n";
inline constexpr std::string_view kRsa1024 =
    "-----BEGIN PUBLIC KEY-----\n"
    "MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQC6IKLCmF3S497NR/LMSo1njv/a\n"
    "95pSAyHbFJATbSgd37UP6SGnpjh3fSpkSyw4d90riYe2DLlZh/tDxq1YdNHJ3tOM\n"
    "b4oYv0e3/bLVeXUGWdp8OUuJbxX4imd22b0rsELimRaC+0mnKjaW8yEFm6IiAgQU\n"
    "Mwt+jVZfbkjiklzxVwIDAQAB\n"
    "-----END PUBLIC KEY-----\n";
inline constexpr std::string_view kRsaPssKey =
    "-----BEGIN PUBLIC KEY-----\n"
    "MIIBIDALBgkqhkiG9w0BAQoDggEPADCCAQoCggEBAL0s/44TV2MgZ3/jQmLpWfyl\n"
    "vjyDYp8GOUgOPK08E0zdC0bzdDK8JC0EBQKapNet2bkH+g7+rf5APcNXH8Uu3Tjg\n"
    "6SGgvcjmMkShQVcI2/K1Rass1TBE8ZQTQ50x1ezOCMIY0t/03TFm15436rhyzrX8\n"
    "Q2dlDdkr5cpLaczusK8upGSFCREwRHbxSvUVt6pWCxhTfhR0WRMBOEI12bNYPjDy\n"
    "aAlK0PZasS6iakUM60o7UA2OTxbV1CKY3Whz2o1nrFmElk4iEojHSnEyFSIM/WwA\n"
    "0UebC/vPHlfRr9iIn+KIkoFrzORNexHmZcP5M1wa1AltUr/X/Ico2RRnx3Kpri8C\n"
    "AwEAAQ==\n"
    "-----END PUBLIC KEY-----\n";
inline constexpr std::string_view kP256 =
    "-----BEGIN PUBLIC KEY-----\n"
    "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAERNoqnlqrVMJZg4XkpQZBLx961wCK\n"
    "5e5vTsQnrRBCbMdSSk+capigDPJHnNDofurR6d0jfncpokP25fGAAQnGag==\n"
    "-----END PUBLIC KEY-----\n";
inline constexpr std::string_view kP256Compressed =
    "-----BEGIN PUBLIC KEY-----\n"
    "MDkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDIgACRNoqnlqrVMJZg4XkpQZBLx961wCK\n"
    "5e5vTsQnrRBCbMc=\n"
    "-----END PUBLIC KEY-----\n";
inline constexpr std::string_view kP256ExplicitParameters =
    "-----BEGIN PUBLIC KEY-----\n"
    "MIIBSzCCAQMGByqGSM49AgEwgfcCAQEwLAYHKoZIzj0BAQIhAP////8AAAABAAAA\n"
    "AAAAAAAAAAAA////////////////MFsEIP////8AAAABAAAAAAAAAAAAAAAA////\n"
    "///////////8BCBaxjXYqjqT57PrvVV2mIa8ZR0GsMxTsPY7zjw+J9JgSwMVAMSd\n"
    "NgiG5wSTamZ44ROdJreBn36QBEEEaxfR8uEsQkf4vOblY6RA8ncDfYEt6zOg9KE5\n"
    "RdiYwpZP40Li/hp/m47n60p8D54WK84zV2sxXs7LtkBoN79R9QIhAP////8AAAAA\n"
    "//////////+85vqtpxeehPO5ysL8YyVRAgEBA0IABP4cOhNQB4WQ+8ST0mFBDTKe\n"
    "xv1Xi6FjwKe9m6SaGb5zlA+rFY2CyQ1oHz5BzU83WRDJWXYZF9IzHeDnGDmz3X8=\n"
    "-----END PUBLIC KEY-----\n";
inline constexpr std::string_view kP384 =
    "-----BEGIN PUBLIC KEY-----\n"
    "MHYwEAYHKoZIzj0CAQYFK4EEACIDYgAE5v1PBJSmoS0t7VE9IYFyzNVFQt/d7die\n"
    "7maaHTGuk89ZdIGr8lTjyt0UlhSuGB0D7AyqfCNyhppO3j8QGZFAuNnVmPPYvNtZ\n"
    "0nZmBh0VXBqW+bGabrFkOODL65ytUbUn\n"
    "-----END PUBLIC KEY-----\n";
inline constexpr std::string_view kSecp256k1 =
    "-----BEGIN PUBLIC KEY-----\n"
    "MFYwEAYHKoZIzj0CAQYFK4EEAAoDQgAEp3Vd0AWKF3pLFUybIbatDi6tXgFqelkS\n"
    "b+f2MOvjog5f3pJWfWcQb0hyXNfsfcCPrXAYEeWmfTZY2phgyrKGMQ==\n"
    "-----END PUBLIC KEY-----\n";
inline constexpr std::string_view kEd25519Pem =
    "-----BEGIN PUBLIC KEY-----\n"
    "MCowBQYDK2VwAyEAsTgm0/KqBO04MzEtuEkLoy/FuMhprZzsz6j3CABAMiE=\n"
    "-----END PUBLIC KEY-----\n";
inline constexpr std::string_view kP256Point =
    "0444da2a9e5aab54c2598385e4a506412f1f7ad7008ae5ee6f4ec427ad10426cc7524a4f9c6a98a00cf2479c"
    "d0e87eead1e9dd237e7729a243f6e5f1800109c66a";

inline constexpr std::string_view kRsaPssSha256 =
    "8491632629f557683ef62cd5654555a1273865811746cdc7f53c71c7ee4480a7377e7bda05f96c7382369d7f"
    "4fcae119036a03ee10026e3dccf4198549933685c3f951dc66fb186dbdf72729c6ea7ec8fe6c5b8d9f5c1bbe"
    "007e31258262d697539a2722b1f9c53ce72c0b40d873fc8b415663c5efad684db3cb61c5fe6b26fa6f59f85e"
    "e23dac45c456326b24e67a2c2df57338d58aa73f34dd7eb4bd8c8d1f8894d5d4f79905648d281ac5f3c30265"
    "0f177b61d4582326905408c9687109ba53a4a046789de6bcb24ae700563e7ad74dac1347ac320fabbb775485"
    "1627a3a073098cbfef7d0ba6fadb19d9e460d858df37d6eb05d784066eb8419a05606819";
inline constexpr std::string_view kRsaPssSha384 =
    "19a0f798437165fbf70ffb7798942fd2844bc7948b0c7e62df50e5cfbf209ecaa55980f66f2612265ea6032a"
    "30e9d0c92c852ac2496482f0530ece0fb57e141b7b91bab36baad1575b15a4f491fbf74afcb431e932e00c68"
    "148e8ea3acf470eda35debdfe978d33a4e9f6246475e876608f1bf77bb2e6946dca5ec6dca609e117be5f2a8"
    "6a9087449adce6cc9a5987620d4eb15bcac19fb09dda9bfebb25afd7011112ada7c983de99b14d12adb93ab7"
    "7ce6f75f6d13dc58ce9ef516625d14348793b1f1994eb304ed87badc18245cd3c3112dda53fd455e931358fd"
    "d8f5ca89569608796b333f938559ab5894b70a6cee8698a0de3b6cbbf738b936a3bd868f";
inline constexpr std::string_view kRsaPssSha512 =
    "9481c182cba55884d1d23abd324d283f17e3605a8e844d478c02723de23ebe6447449a8b2a9880f737eaf2c3"
    "33e2ecb04b1f7dba6054e806f179523c3eaa941ff7638670caf40a99db3ab98066788eb10f5a3cc667531790"
    "b6b24ec100bbb5bb833d416dd15ed1cf7da0af0592041e75b0d39b5a880f0644a3c69a2a04aba19c81ff49ce"
    "e1024471b60df765c1ad0fcdd5f5231a80663011ca4c1015bf89e14b67b819a38f961f21c964863023b3fec2"
    "2691c2fcd61de5fe7891ca980e3b2a8dc4846f8d0aa4f8d497f5c5923e80d86f7d161147c2c432e57bce241c"
    "371a38e6f8560dfa45db14933419573d527cac9bf3805e500b7024e1e98fb3e25d89d7e7";
inline constexpr std::string_view kRsaPssEmptySalt =
    "05198decec5f505c9e2045e1ac08f1607257a0b9785b6bbe97d96092aecc6545348c3498319feb68db75229a"
    "d001dacc532c3e993cbb4523eb7a3f22562f7e016bc27d795a974917e2e69f770390c957b1ff6a27fa9dca07"
    "a976906eb50913908d33d9d14ad4b2d29790ab0dc1aa57beb2b9a9a8012f9d3d6bc78fe6edaadb4e65860344"
    "b8205bf1034b806c4a29cbc2af7506f835532b71068b883eb351e646279d108e810065efcce89caee255d3f0"
    "adbedd77204e58ee0308007354bddc9a3fb56ca1b97ff31ddd05bffd95f91346a9b1a47e61bab542419debd5"
    "05c7ec8a3878684ec6388588cbfa802d098f71b1673b397f0dc0c43ca529117e02413746";
inline constexpr std::string_view kRsaPssLongestSalt =
    "8173b95f0270e6f1586368501591b815ccb1e1a6e95161a93423021204b8ac060a39416d32b5fe08a9c74302"
    "694a10738b91e690035377cc8ef1f51c72a0fc5721314a518758e3d9670705086a1212ddea142181a5fcfc02"
    "8bf2addde43eb854fa3192ad715d8551b8d48665b9753b3468d5ee6b3870d7a9aae2978034a1a14c24631f04"
    "2f8fcee7ac90ba669036fcd6de5acd2a4aa0a8ef8a47d095557638128fa5d51efa68b93018bbc347908c32b8"
    "aec07a85a5470ec7e134abbf9954255d4cdea4bfae9ca1f6358237ac24ed87464be8de066679bb7d1243d1aa"
    "cdae40ca748e7f918009db0a0e310e518a888381a2bcd4368619acfa0c015c6451f8b29a";
inline constexpr std::string_view kRsaPssMgf1OfSha1 =
    "3a36462a353c9931d8bf8e68e38636517f4f8325c2ceb7a54e95d8c59ce65729ea0ae05a1bc6b162270e32f4"
    "a205299e91725bbe6784d64832d2dcc46e6d675bf542c0393fe1787cb801a79a8c44db1e4d5ec91d7461feee"
    "9d849ec246c2584359930b4eda8ff7112e3cd6e015f5394abaf78e7d357ddda5a0e2623ec4c7a15413d4c58c"
    "aee4321adc201f152440ba9b245c05c7d07e191de89eb42a4d8d66fcdeaaeaeb1b9d8f0c0ef6ebb3650f3954"
    "99a6719b4cb1982aa134473d3dc5b69c02af05f7261fd6c6be10ddd72632f68a0c9710507189b22a7115f288"
    "82e4a11112ebc6a30738b4cc219d03b0c611a5b086539860db47662140eb841407a7bece";
inline constexpr std::string_view kRsaPkcs1 =
    "8fdf73f3c77220e5eaa0325727b65009ccf6d030ab8ea4955fd09e7a84d38d373c5c3a9c437445518c8a5fda"
    "f89197301d8617911607ee07078227502965b9e4b999b649fe6ce28fdfb107ef2547f3df065e2afcb6ca5887"
    "bc30e07cdae9e60273ec2ecef64d0e0f01f12784b5ab505c1e856b2b88db83d1bf17ef797d13cc0dc9d26e3b"
    "45823629b03cfa28956b0d839639fcd0efd13bcb33f5fbc4d1b9d1113b3662ba3f38601f667267ae877be90f"
    "c2c9a0e9c5f95c51dbd1808655a1783b81599b9e85429568f6275f598ff9158ec81142c029cf6d3b93fa147d"
    "e3466e0242a6c99d90850dca0ded171bea8c412a2e7601bd1931beec4e4116106c453b91";
inline constexpr std::string_view kEcdsaP256 =
    "3045022100ac19cf25ca83cc9fb7a288f4e5fc62d2700309025e74914c0cc4bd3297bcd37902200b57508738"
    "fa245d2c64beb5f4ead9ebf667694939188558c1bdc5478e8e4998";
inline constexpr std::string_view kEcdsaP256Sha384 =
    "30440220706c2f4db1fd2d1f8bc1ebcfbef389d38e2328702d48b1a136acb9dbef02cec40220057859cb693e"
    "052810dcf630193070c980ba40df6cf57b759e8ea16ebea3bf01";
inline constexpr std::string_view kEcdsaP384 =
    "3066023100c34ea33f6463ff31d6f677a73c41a9e201ad3ccdac186ecbd3da6a8236432a9820b432d529c7e0"
    "86e06a67ceec4663e9023100f8e12d0bfda606d047c5212e4a28f90b27b162042e28d4c3f39e1c5d59e4da64"
    "ea70be0997b5eb5a8ae35bf509d436ef";

// RFC 8032, 7.1, tests 1 and 2.
inline constexpr std::string_view kRfc8032Key1 =
    "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a";
inline constexpr std::string_view kRfc8032Message1 = "";
inline constexpr std::string_view kRfc8032Signature1 =
    "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b4"
    "6b"
    "d25bf5f0595bbe24655141438e7a100b";
inline constexpr std::string_view kRfc8032Key2 =
    "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c";
inline constexpr std::string_view kRfc8032Message2 = "\x72";
inline constexpr std::string_view kRfc8032Signature2 =
    "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d"
    "8c"
    "387b2eaeb4302aeeb00d291612bb0c00";

// RFC 6979, A.2.5: P-256, SHA-256, "sample", in DER.
inline constexpr std::string_view kRfc6979Point =
    "0460fed4ba255a9d31c961eb74c6356d68c049b8923b61fa6ce669622e60f29fb6"
    "7903fe1008b8bc99a41ae9e95628bc64f2f1b20c2d7e9f5177a3c294d4462299";
inline constexpr std::string_view kRfc6979Message = "sample";
inline constexpr std::string_view kRfc6979Signature =
    "3046022100efd48b2aacb6a8fd1140dd9cd45e81d69d2c877b56aaf991c34d0ea84eaf3716"
    "022100f7cb1c942d657c41d436c7a1b6e29f65f3e900dbb9aff4064dc4ab2f843acda8";

inline constexpr std::string_view kPrivateRsaPkcs1 =
    "-----BEGIN RSA PRIVATE KEY-----\n"
    "MIIEpAIBAAKCAQEAn12cOuOCuI087Rwy+cMPsimBhMpgJNFZx2PSJEisLs+bhoJA\n"
    "VBlsJSSLryczWcVbwgOPWukB+FnjK3wv6f45bAebUSfFitUBKcfXQI58wDbCmM+A\n"
    "E83wgd6XpdSuV8nWuAodHjd+TpL17EjUOEVjl95oNyNGYgvozfdwjsKczVZgcRE3\n"
    "fqyclHgzhpqw3X3HLZVLh2TCA/GhDKShqLx/gbvGX8p0XlpWsM05GsSIrzt65Obx\n"
    "dOb3quVSlXPG1qzl061JdX3kE/83opOWiz9/Grdw+O3vFhWma3VKSgMKlQVLMr8S\n"
    "bWGMdHwAU/G3aevuwgaRXkoOnLkmcLSLuvvhJwIDAQABAoIBAApMQIcGxtVgYeXF\n"
    "DCPtPSSyFnvkeixCT3pG6ZJ7ONdiGKj0cJKQ6yAP4H2xiRB/9pHu4z5EDxmsp5C2\n"
    "EaTUmBS7j/UvHnL+KubJ9w9lbtSIR55APJcLBfpnhPP1JSgMykctm45cTVkedNJG\n"
    "LevgXbMlbtxBQGufyodbgwi/tOWbNJjmzDhx59M3MrgTj4dRGDoOs4cLuJO8n78h\n"
    "qzsxUy1sel6EyH3QaSHUFusMvCQxhumtvgM3Mz4e8yCy8/j2Sd6P3bDtQpLlwjU5\n"
    "83EggaGV5+K3GctQOjhl9JwcISrjEaWkO8Q/PNP0By1dFRnTWcH/SAVeiFoKe1GS\n"
    "yIfHrmECgYEAywbwo0yhmgilw/kQureTXjgoV8RlhYA3UDXpUFPWZ6SgyyLvDqV7\n"
    "dNMFbk9XHdS7vud3DvILtGp2XDDJgaIS3G9UziXjA6ovIQMxdj5YESlfEPe+6EAz\n"
    "kuBIF59ddRz0lnYX9K9l5XsdIy20r2zvPaQcKS14Db8EOagb4jfaUPMCgYEAyPJV\n"
    "U+MfEDErpcuLXfvfl0xDVdzPy/iMrksFuB1jg7+yBFlErQj9sIHAoZFHDeBFPNCy\n"
    "0FFrvyXFjlXtc23x6pABzCD3RoN+MEfOe4QJxXyvpV1Nf2I2t9zTf0v8+FtPnIxZ\n"
    "7jdTFdZ29WI5bYrUMqRCtziKtKnb15IZI7We2/0CgYAYdG+L2/EjMqN05Y1EUFRp\n"
    "5u3FFJz95aHEAZpm2JJczZGopj6RTxF90uU2kkv2BefPaOYIYNNUGfbDyASdnr4S\n"
    "2z4lzp53lIo0ucO9cGj/ODKBQrY2F3We3XERl1qUfrZfYT4ldPMbHyc1U44OC1sN\n"
    "27SgqR9q2HVT1JH3P68GTQKBgQCAwpdee2hKLde0Eysoe96XyixTdnxITOmIPVZa\n"
    "1aoQn+Ln2nOhFOPKGDpgzQBkqdJz157c0W9jOkbOn8zZbBfZn5EnRfBs5JEVSs3K\n"
    "Y58HRpAePB0OhNZfFkcHiJ9+XLQ0sdJmTFkW4yeysM/vm0fBc3O0h6yJe1X9WgZ1\n"
    "1UkH2QKBgQC/8zt5wODLk2NEJQptTkiyNkGt8b9XBpxLmI7qSxwTNnELFtBloyB1\n"
    "eCJ7tE/NochrapY2xMRARici+OoAfJZCPsC0fEogwHlzbi2MRh4AvuwBUho+8NfQ\n"
    "jVFrGRslyMDcbapf6grpvqfrJcXfYHvIum4F4NLEOSHVBO3dnl9phw==\n"
    "-----END RSA PRIVATE KEY-----\n";
inline constexpr std::string_view kPrivateP256Sec1 =
    "-----BEGIN EC PRIVATE KEY-----\n"
    "MHcCAQEEIHqKAUKFm3WIZVpEP8xn52hHxK9noyfjN9iMHZf73WdFoAoGCCqGSM49\n"
    "AwEHoUQDQgAERNoqnlqrVMJZg4XkpQZBLx961wCK5e5vTsQnrRBCbMdSSk+capig\n"
    "DPJHnNDofurR6d0jfncpokP25fGAAQnGag==\n"
    "-----END EC PRIVATE KEY-----\n";
inline constexpr std::string_view kPrivateEd25519Pkcs8 =
    "-----BEGIN PRIVATE KEY-----\n"
    "MC4CAQAwBQYDK2VwBCIEIOA9TyCqJ3YENlvOWQ+K81mUmtPLn+JAHUs+MY3O9luf\n"
    "-----END PRIVATE KEY-----\n";
// The passphrase is "secret".
inline constexpr std::string_view kPrivateP256Encrypted =
    "-----BEGIN ENCRYPTED PRIVATE KEY-----\n"
    "MIHsMFcGCSqGSIb3DQEFDTBKMCkGCSqGSIb3DQEFDDAcBAjSG73yv2HKIQICCAAw\n"
    "DAYIKoZIhvcNAgkFADAdBglghkgBZQMEASoEEGaBOlWpsJKg84rOb8xasmgEgZD+\n"
    "QdjySdSpV7nqRztiLzrO1X7ddmaL9IaHAb9MGXAPAg2LI3B+d+aWKhFLU6AHk39c\n"
    "v3I0roAvzWiYyN661Sxz269tB3Wjz/yay1cHppanSiLHLiiBvns2m/9D/Vqnr3MV\n"
    "UXKm69RuGu5KIt5P4iufPqoCWIaADX3EPAlBYXplCBd0ld1jTi0EKBs95FNUNe4=\n"
    "-----END ENCRYPTED PRIVATE KEY-----\n";

}  // namespace tough::vectors
