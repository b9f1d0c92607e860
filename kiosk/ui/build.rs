//! Compiles the window's components. Element names are kept so that tests find controls by their accessible labels.

fn main() -> Result<(), slint_build::CompileError> {
    let configuration =
        slint_build::CompilerConfiguration::new().with_style("fluent-light".to_owned()).with_debug_info(true);
    slint_build::compile_with_config("ui/kiosk.slint", configuration)
}
