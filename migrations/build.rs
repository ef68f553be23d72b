fn main() {
    println!("cargo:rerun-if-changed=events");
    println!("cargo:rerun-if-changed=vault");
}
