/* Credentials where the clouds' own tools keep them, as fields of a target: plain text and
 * handles of the vault, in a map. Inside src/script only. What these files hold of secrets goes
 * straight into the vault; files that others can read are refused. Messages name file and
 * profile, never a value; errors are OB_ERR_CREDENTIAL. */
#pragma once
#include "base/secret.h"
#include "base/status.h"
#include "base/value.h"

/* ~/.aliyun/config.json, or ALIBABA_CLOUD_CONFIG_FILE. `name` NULL: ALIBABA_CLOUD_PROFILE (and
 * the names aliyun-cli knows it by), then the file's "current". `out` is filled as a map. */
OB_MUST_CHECK enum ob_status ob_profile_aliyun(struct ob_vault *vault, const char *name,
                                               struct ob_value *out, struct ob_err *err);
/* ALIBABA_CLOUD_ACCESS_KEY_ID, _ACCESS_KEY_SECRET, _SECURITY_TOKEN. */
OB_MUST_CHECK enum ob_status ob_profile_aliyun_env(struct ob_vault *vault, struct ob_value *out,
                                                   struct ob_err *err);
/* ~/.huaweicloud/credentials, or HUAWEICLOUD_SDK_CREDENTIALS_FILE. `section` NULL: "basic". */
OB_MUST_CHECK enum ob_status ob_profile_huaweicloud(struct ob_vault *vault, const char *section,
                                                    struct ob_value *out, struct ob_err *err);
/* HUAWEICLOUD_SDK_AK, _SK, _SECURITY_TOKEN, _PROJECT_ID. */
OB_MUST_CHECK enum ob_status ob_profile_huaweicloud_env(struct ob_vault *vault,
                                                        struct ob_value *out, struct ob_err *err);
