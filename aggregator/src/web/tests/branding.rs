//! The trust's own look.

use std::fs;

use super::publish::file;
use super::*;
use crate::branding::Branding;
use crate::publish::Edition;

const DRAWING: &str = "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 1 1\"><path d=\"M0 0h1\"/></svg>";

fn look() -> Branding {
    let data = tempfile::tempdir().unwrap();
    fs::create_dir(data.path().join("branding")).unwrap();
    let settings = "name = \"Example Hospitals\"\naccent = \"#005eb8\"\n";
    fs::write(data.path().join("branding/branding.toml"), settings).unwrap();
    fs::write(data.path().join("branding/logo.svg"), DRAWING).unwrap();
    Branding::open(data.path()).unwrap().unwrap()
}

#[tokio::test]
async fn a_trusts_look_is_on_pages_displays_and_published_sites_and_ours_where_it_has_none() {
    let trust = desk::Trust { demonstration: true, branding: Some(look()), ..desk::Trust::default() };
    let (own, ours) = (Bench::of(trust).await.filled(), Bench::lively(true).await);
    for (path, colours) in
        [("/", "colours.css"), ("/ward/W1", "colours.css"), ("/display/W1", "colours-light.css")]
    {
        assert!(!ours.text(path).await.contains("/branding/"), "{path}");
        let page = own.text(path).await;
        let files: Vec<&str> = page.split('"').filter(|part| part.starts_with("/branding/")).collect();
        assert_eq!(files.len(), 2, "{path}: {files:?}");
        assert!(files[0].ends_with(colours) && files[1].ends_with("/logo.svg"), "{path}: {files:?}");
        assert_eq!(own.text(files[1]).await, DRAWING);
        let style = own.get(files[0]).send().await.unwrap();
        assert!(style.headers()["cache-control"].to_str().unwrap().contains("immutable"), "{path}");
        let style = style.text().await.unwrap();
        // A display is always light.
        assert_eq!((style.contains("#005eb8"), style.contains("dark")), (true, path != "/display/W1"), "{style}");
    }
    assert!(
        own.text("/").await.contains("Example Hospitals</a>") && ours.text("/").await.contains("Wardvoice</a>")
    );
    assert_eq!(ours.get("/branding/x/logo.svg").send().await.unwrap().status(), 404);
    for edition in Edition::ALL {
        let site = own.published(edition);
        assert_eq!(file(&site, "logo.svg"), DRAWING);
        let index = file(&site, "index.html");
        assert!(index.contains("<img class=\"logo\" src=\"logo.svg\"") && index.contains("Example Hospitals"));
        assert!(file(&site, "style.css").contains("--accent: #005eb8"));
        assert!(!file(&site, "data.json").contains("005eb8"), "a look is no data");
        assert!(!ours.published(edition).files().iter().any(|file| file.name == "logo.svg"));
    }
}
