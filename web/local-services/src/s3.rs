//! An S3 server inside of this process, over a folder.

use anyhow::Context;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto::Builder;
use s3s::auth::SimpleAuth;
use s3s::service::S3ServiceBuilder;
use s3s_fs::FileSystem;
use std::path::Path;
use tokio::net::TcpListener;
use tokio::task::{JoinHandle, JoinSet};

/// Who may ask it.
const KEY: &str = "attendance";
/// Its one bucket: a folder in the folder.
const BUCKET: &str = "evidence";

/// A server on a free loopback port, for as long as it is held.
#[derive(Debug)]
pub struct S3Server {
    url: String,
    server: JoinHandle<()>,
}

impl S3Server {
    /// Over a folder, which is made if it is not there; what an earlier one left in it is there again. Its secret is a
    /// new one each time.
    pub async fn start(folder: &Path) -> anyhow::Result<Self> {
        std::fs::create_dir_all(folder.join(BUCKET)).with_context(|| format!("make {}", folder.display()))?;
        let files = FileSystem::new(folder).map_err(|error| anyhow::anyhow!("{}: {error:?}", folder.display()))?;
        let mut secret = [0u8; 16];
        getrandom::fill(&mut secret).map_err(|error| anyhow::anyhow!("{error}"))?;
        let secret = hex::encode(secret);
        let mut service = S3ServiceBuilder::new(files);
        service.set_auth(SimpleAuth::from_single(KEY, secret.as_str()));
        let service = service.build().into_shared();
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.context("a port for the S3 server")?;
        let url = format!("http://{KEY}:{secret}@{}/{BUCKET}", listener.local_addr()?);
        let server = tokio::spawn(async move {
            let mut connections = JoinSet::new();
            while let Ok((stream, _)) = listener.accept().await {
                let service = service.clone();
                connections.spawn(async move {
                    let builder = Builder::new(TokioExecutor::new());
                    let _ = builder.serve_connection(TokioIo::new(stream), service).await;
                });
                while connections.try_join_next().is_some() {}
            }
        });
        Ok(Self { url, server })
    }

    /// `http://KEY:SECRET@127.0.0.1:PORT/BUCKET`
    pub fn url(&self) -> &str {
        &self.url
    }
}

impl Drop for S3Server {
    fn drop(&mut self) {
        self.server.abort();
    }
}
