//! An S3 service, in which sealed files are kept: whatever speaks its protocol (SeaweedFS, Garage, AWS). Nothing is kept
//! there in clear, and nobody but this program reads there.

use aws_sdk_s3::config::retry::RetryConfig;
use aws_sdk_s3::config::timeout::TimeoutConfig;
use aws_sdk_s3::config::{
    BehaviorVersion, Credentials, Region, RequestChecksumCalculation, ResponseChecksumValidation,
};
use aws_sdk_s3::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_s3::operation::get_object::GetObjectError;
use aws_sdk_s3::primitives::ByteStream;
use aws_sdk_s3::{Client, Config};
use aws_smithy_http_client::{Builder, tls};
use bytes::Bytes;
use percent_encoding::percent_decode_str;
use reqwest::Url;
use std::time::Duration;

/// How long a connection may take to be made.
const CONNECT: Duration = Duration::from_secs(2);
/// How long one try may take, and all of them together: a person waits for the answer.
const TRY: Duration = Duration::from_secs(4);
const ALL_TRIES: Duration = Duration::from_secs(7);
/// The same of keeping a file, eight million bytes of it over a school's line.
const TRY_PUT: Duration = Duration::from_secs(20);
const ALL_TRIES_PUT: Duration = Duration::from_secs(25);
/// How often it is tried at most.
const TRIES: u32 = 2;
/// The region that is signed for where none is said: services of one's own take any.
const REGION: &str = "us-east-1";

/// Why an address is none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BadObjects {
    /// It is no address of the form that is asked for.
    #[error("it is not of the form https://KEY:SECRET@host/bucket?region=…")]
    Form,
    /// Without TLS to somewhere else than this machine.
    #[error("it begins with http://, which is for this machine alone")]
    Plain,
}

/// Why a file was not kept or read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ObjectError {
    /// The service was not reached, or it refused: what it said is in the log.
    #[error("the S3 service is not available")]
    Unavailable,
    /// What is there is larger than anything that was kept.
    #[error("the file is too large")]
    TooLarge,
}

/// A bucket. Cheap to clone.
#[derive(Clone)]
pub struct Objects {
    client: Client,
    bucket: String,
}

impl Objects {
    /// By its address, `https://KEY:SECRET@host/bucket`, with `?region=…` where the service asks for one. The key and
    /// the secret are percent-encoded. Nothing is asked of the service yet.
    pub fn parse(url: &str) -> Result<Self, BadObjects> {
        let url = Url::parse(url).map_err(|_| BadObjects::Form)?;
        let decoded = |text: &str| {
            let text = percent_decode_str(text).decode_utf8().ok()?;
            (!text.is_empty()).then(|| text.into_owned())
        };
        let (key, secret) = (decoded(url.username()), url.password().and_then(decoded));
        let (Some(key), Some(secret), Some(host)) = (key, secret, url.host_str()) else { return Err(BadObjects::Form) };
        let bucket = url.path().trim_matches('/').to_owned();
        if bucket.is_empty() || bucket.contains('/') {
            return Err(BadObjects::Form);
        }
        match url.scheme() {
            "https" => {}
            "http" if ["localhost", "127.0.0.1", "[::1]"].contains(&host) => {}
            "http" => return Err(BadObjects::Plain),
            _ => return Err(BadObjects::Form),
        }
        let mut region = url.query_pairs().filter(|(name, _)| name == "region").map(|(_, value)| value.into_owned());
        let region = Region::new(region.next().unwrap_or_else(|| REGION.to_owned()));
        let port = url.port().map_or_else(String::new, |port| format!(":{port}"));
        let tls = tls::Provider::Rustls(tls::rustls_provider::CryptoMode::Ring);
        let config = Config::builder()
            .behavior_version(BehaviorVersion::v2026_01_12())
            .credentials_provider(Credentials::new(key, secret, None, None, "configuration"))
            .region(region)
            .endpoint_url(format!("{}://{host}{port}", url.scheme()))
            // Services of one's own have no name for each bucket, and not all know the newer checksums.
            .force_path_style(true)
            .request_checksum_calculation(RequestChecksumCalculation::WhenRequired)
            .response_checksum_validation(ResponseChecksumValidation::WhenRequired)
            .retry_config(RetryConfig::standard().with_max_attempts(TRIES))
            .timeout_config(
                TimeoutConfig::builder()
                    .connect_timeout(CONNECT)
                    .operation_attempt_timeout(TRY)
                    .operation_timeout(ALL_TRIES)
                    .build(),
            )
            .http_client(Builder::new().tls_provider(tls).build_https())
            .build();
        Ok(Self { client: Client::from_conf(config), bucket })
    }

    /// Keeps bytes under a name; what was there under it is replaced. A bucket that is not there is made.
    pub async fn put(&self, key: &str, bytes: Vec<u8>) -> Result<(), ObjectError> {
        let bytes = Bytes::from(bytes);
        let put = || {
            let body = ByteStream::from(bytes.clone());
            let times = TimeoutConfig::builder().operation_attempt_timeout(TRY_PUT).operation_timeout(ALL_TRIES_PUT);
            let times = Config::builder().timeout_config(times.build());
            self.client.put_object().bucket(&self.bucket).key(key).body(body).customize().config_override(times).send()
        };
        match put().await {
            Err(SdkError::ServiceError(error)) if error.err().code() == Some("NoSuchBucket") => {
                let made = self.client.create_bucket().bucket(&self.bucket).send().await;
                made.map_err(|error| unavailable("create", &error))?;
                put().await
            }
            done => done,
        }
        .map(drop)
        .map_err(|error| unavailable("put", &error))
    }

    /// What is kept under a name, if it is not more than `most` bytes; none if there is nothing.
    pub async fn get(&self, key: &str, most: usize) -> Result<Option<Vec<u8>>, ObjectError> {
        let found = match self.client.get_object().bucket(&self.bucket).key(key).send().await {
            Ok(found) => found,
            Err(SdkError::ServiceError(error)) if matches!(error.err(), GetObjectError::NoSuchKey(_)) => {
                return Ok(None);
            }
            Err(error) => return Err(unavailable("get", &error)),
        };
        let (mut body, mut bytes) = (found.body, Vec::new());
        while let Some(chunk) = body.next().await {
            let Ok(chunk) = chunk else {
                metrics::counter!("objects_failed_total", "what" => "get").increment(1);
                tracing::warn!("the S3 service broke off");
                return Err(ObjectError::Unavailable);
            };
            if bytes.len() + chunk.len() > most {
                return Err(ObjectError::TooLarge);
            }
            bytes.extend_from_slice(&chunk);
        }
        Ok(Some(bytes))
    }

    /// Throws away what is kept under a name; nothing is there afterwards, whether or not there was.
    pub async fn delete(&self, key: &str) -> Result<(), ObjectError> {
        match self.client.delete_object().bucket(&self.bucket).key(key).send().await {
            // Nothing was ever kept.
            Err(SdkError::ServiceError(error)) if error.err().code() == Some("NoSuchBucket") => Ok(()),
            done => done.map(drop).map_err(|error| unavailable("delete", &error)),
        }
    }
}

/// Says in the log what went wrong, in our own words: a service's may repeat what was signed.
fn unavailable<E: ProvideErrorMetadata>(what: &'static str, error: &SdkError<E>) -> ObjectError {
    metrics::counter!("objects_failed_total", "what" => what).increment(1);
    let why = match error {
        SdkError::ConstructionFailure(_) => "it could not be asked",
        SdkError::TimeoutError(_) => "no answer in time",
        SdkError::DispatchFailure(_) => "it is not reached",
        SdkError::ResponseError(_) => "its answer cannot be read",
        _ => "it refused",
    };
    let status = error.raw_response().map(|answer| answer.status().as_u16());
    tracing::warn!(what, why, status, code = error.code(), "the S3 service did not do it");
    ObjectError::Unavailable
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a56_without_tls_is_for_this_machine_alone_and_an_address_has_all_its_parts() {
        for good in [
            "https://key:secret@s3.escuela.cl/evidencia",
            "https://key:se%2Fcret%2B@s3.escuela.cl:8333/evidencia?region=sa-east-1",
            "http://key:secret@127.0.0.1:9000/evidencia",
            "http://key:secret@localhost:9000/evidencia/",
        ] {
            assert!(Objects::parse(good).is_ok(), "{good}");
        }
        let plain = Objects::parse("http://key:secret@s3.escuela.cl/evidencia");
        assert_eq!(plain.err(), Some(BadObjects::Plain));
        for bad in [
            "",
            "s3.escuela.cl",
            "https://s3.escuela.cl/evidencia",
            "https://key@s3.escuela.cl/evidencia",
            "https://key:secret@s3.escuela.cl",
            "https://key:secret@s3.escuela.cl/a/b",
            "s3://key:secret@s3.escuela.cl/evidencia",
        ] {
            assert_eq!(Objects::parse(bad).err(), Some(BadObjects::Form), "{bad}");
        }
    }
}
